/** Roles: what people may do, as names for sets of permissions. A permission is a scope of a resource. */
export interface Role {
  /** 1–64 characters of `[a-z0-9_.:-]`. */
  name: string
  description?: string | undefined
  /** By resource identifier: the scopes that holders of the role may be granted there. */
  permissions: Record<string, string[]>
  createdAt: number
  updatedAt: number
}

export interface RoleStore {
  find(name: string): Promise<Role | undefined>

  /** By name. */
  list(): Promise<Role[]>

  /** Writes the role, replacing one with the same name; `createdAt` of an existing one stays. */
  put(role: Pick<Role, 'name' | 'description' | 'permissions'>): Promise<void>

  /**
   * Deletes the role and takes it from everyone who has it; resolves to whether there was one. `admin` rejects with
   * LastAdministrator while someone has it who can sign in.
   */
  remove(name: string): Promise<boolean>
}
