export type Json = Record<string, unknown>

/** JSON Merge Patch (RFC 7396 §2): members of the patch replace those of the target, null removes, objects merge. */
export function mergePatch(target: unknown, patch: Json): Json {
  const merged: Json = isObject(target) ? { ...target } : {}
  for (const [name, value] of Object.entries(patch)) {
    if (value === null || value === undefined) delete merged[name]
    else define(merged, name, isObject(value) ? mergePatch(merged[name], value) : value)
  }
  return merged
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** As JSON.parse does: a member `__proto__` is a member. */
const define = (target: Json, name: string, value: unknown): void =>
  void Object.defineProperty(target, name, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  })
