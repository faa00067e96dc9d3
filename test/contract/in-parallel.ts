/** Starts so many calls at once, on two stores by turns, and waits for all: a race between two processes. */
export function inParallel<Store, T>(
  stores: readonly [Store, Store],
  times: number,
  call: (store: Store, index: number) => Promise<T>,
): Promise<T[]> {
  const [one, other] = stores
  return Promise.all(
    Array.from({ length: times }, (_, index) => call(index % 2 === 0 ? one : other, index)),
  )
}
