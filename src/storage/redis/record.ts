import type { Artifact, ArtifactModel, StoredArtifact } from '#storage/artifacts.ts'

/** An artifact's name within Redis; with the prefix and braces around it, its key. */
export const recordName = (model: ArtifactModel, key: string): string => `${model}:${key}`

/** The braces make a cluster keep everything about one record in one slot. */
export const recordKey = (prefix: string, name: string): string => `${prefix}{${name}}`

/** What `recordName` was made of. */
export function partsOf(name: string): [model: ArtifactModel, key: string] {
  const [model, ...key] = name.split(':')
  return [model as ArtifactModel, key.join(':')]
}

/** What the scripts that write take after the key: the time now, the milliseconds to live, then fields and values. */
export type WriteArguments = [at: number, px: number | '', ...fields: string[]]

export type ToArguments = (artifact: Artifact) => WriteArguments

const textFields = ['grantId', 'uid', 'userCodeHash', 'accountId', 'clientId'] as const

/** `writtenAt` grows with every write, and orders the records of an account. */
export function toWriteArguments(
  artifact: Artifact,
  { at, writtenAt }: { at: number; writtenAt: number },
): WriteArguments {
  const { payload, expiresAt } = artifact
  const fields = ['payload', payload]
  if (artifact.accountId !== undefined) fields.push('writtenAt', String(writtenAt))
  for (const name of textFields) {
    const value = artifact[name]
    if (value !== undefined) fields.push(name, value)
  }
  if (artifact.epoch !== undefined) fields.push('epoch', String(artifact.epoch))
  if (expiresAt === undefined) return [at, '', ...fields]
  return [at, expiresAt - at, ...fields, 'expiresAt', String(expiresAt)]
}

/** The record; undefined for the empty answer that stands for "there is none". */
export function fromFields(
  key: string,
  fields: Record<string, string>,
): StoredArtifact | undefined {
  const { payload, epoch, expiresAt, consumedAt } = fields
  if (payload === undefined) return undefined
  const artifact: StoredArtifact = { key, payload }
  for (const name of textFields) {
    const value = fields[name]
    if (value !== undefined) artifact[name] = value
  }
  if (epoch !== undefined) artifact.epoch = Number(epoch)
  if (expiresAt !== undefined) artifact.expiresAt = Number(expiresAt)
  if (consumedAt !== undefined) artifact.consumedAt = Number(consumedAt)
  return artifact
}
