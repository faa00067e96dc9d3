import type { Caller } from '#http/api.ts'
import { AppError } from '#lib/app-error.ts'
import type { ResourceScope } from '#storage/resources.ts'
import type { Role, RoleStore } from '#storage/roles.ts'

/** The scopes of our own API that make an administrator; the role `admin` has them all. */
export const adminScopes: ResourceScope[] = [
  scope(
    'admin:users',
    'See, make, change, ban and delete users',
    '查看、创建、修改、封禁和删除用户',
  ),
  scope('admin:clients', 'Manage applications and their secrets', '管理应用及其密钥'),
  scope('admin:resources', 'Manage APIs and their scopes', '管理 API 及其权限范围'),
  scope('admin:roles', 'Manage roles and what they permit', '管理角色及其权限'),
  scope(
    'admin:api-keys',
    'See and revoke the API keys of all users',
    '查看和吊销所有用户的 API 密钥',
  ),
  scope('admin:sessions', 'See and end the sign-ins of all users', '查看和结束所有用户的登录'),
  scope('admin:audit', 'Read the audit log', '查看审计日志'),
  scope('admin:keys', 'See and rotate the signing keys', '查看和轮换签名密钥'),
  scope('admin:stats', 'See the numbers of the service', '查看服务的统计数据'),
  scope(
    'admin:providers',
    'See and choose the providers that people sign in with',
    '查看和选择用于登录的外部账号',
  ),
  scope('admin:mail', 'See the mail that waits to be sent, and retry it', '查看和重试待发送的邮件'),
  scope('admin:settings', 'See the settings of the server', '查看服务器的设置'),
]

function scope(name: string, en: string, zhCN: string): ResourceScope {
  return { name, description: { en, 'zh-CN': zhCN }, restricted: true, sensitive: true }
}

const names = new Set(adminScopes.map(({ name }) => name))

export const isAdminScope = (name: string): boolean => names.has(name)

/**
 * No one gives, takes away or gets hold of more administration than they have: anyone who may only manage users must not
 * make themselves an administrator, nor set the password of one. Throws 403 when one of the scopes is an
 * administrator's and the caller lacks it.
 */
export function mustCover(caller: Caller, scopes: readonly string[]): void {
  const missing = scopes.find((name) => isAdminScope(name) && !caller.scopes.has(name))
  if (missing === undefined) return
  throw new AppError('insufficient_scope', {
    headers: { 'WWW-Authenticate': `Bearer error="insufficient_scope", scope="${missing}"` },
  })
}

/** What the roles of these names permit on our own API; one that is not known permits nothing. */
export async function scopesOfRoles(
  roleNames: readonly string[],
  { roles, apiResource }: { roles: Pick<RoleStore, 'find'>; apiResource: string },
): Promise<string[]> {
  const found = await Promise.all(roleNames.map((name) => roles.find(name)))
  return found.flatMap((role) => scopesOn(apiResource, role))
}

export const scopesOn = (resource: string, role: Pick<Role, 'permissions'> | undefined): string[] =>
  role?.permissions[resource] ?? []
