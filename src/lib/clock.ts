/** The current time in integer milliseconds since the epoch. A function, so that tests can move it. */
export type Clock = () => number

export const systemClock: Clock = Date.now
