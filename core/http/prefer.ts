/** `Prefer: wait=N` (RFC 7240). */

const WAIT = /(?:^|,)\s*wait\s*=\s*"?([0-9]{1,9})"?\s*(?:;[^,]*)?(?=,|$)/i

/** Seconds that the client would wait, at most `most`; undefined where it says nothing that can be understood. */
export function waitIn(prefer: string | string[] | undefined, most: number): number | undefined {
  const text = Array.isArray(prefer) ? prefer.join(',') : prefer
  const seconds = text === undefined ? undefined : WAIT.exec(text)?.[1]
  return seconds === undefined ? undefined : Math.min(Number(seconds), most)
}

/** How many requests may hold on at a time. */
export interface Places {
  /** False: all are taken. */
  take(): boolean
  leave(): void
}

export function createPlaces(most: number): Places {
  let taken = 0
  return {
    take() {
      if (taken >= most) return false
      taken++
      return true
    },
    leave() {
      taken--
    },
  }
}
