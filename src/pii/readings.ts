/** A text read otherwise, with the way back: which part of what was written each part of the reading stands for. */

/** Offsets of a reading to those of the text: what is written for it, whole escapes and encoded runs included. */
export type Locate = (start: number, end: number) => [start: number, end: number]

export interface Reading {
  readonly text: string
  readonly locate: Locate
}

/** What to replace, and by what. */
export type Step = readonly [pattern: RegExp, replace: (match: string, ...groups: string[]) => string]

/** The text after all steps. The way back is worked out when it is asked for, which is seldom. */
export function rewritten(text: string, steps: readonly Step[]): Reading {
  let way: Way | undefined
  const locate: Locate = (start, end) => {
    way ??= wayBack(text, steps)
    return [way.from[start] ?? 0, end > start ? (way.to[end - 1] ?? text.length) : (way.from[start] ?? 0)]
  }
  return { text: stepped(text, steps), locate }
}

export const stepped = (text: string, steps: readonly Step[]): string =>
  steps.reduce((left, [pattern, replace]) => left.replace(pattern, replace), text)

/** By character of the reading, where what it stands for begins and ends. */
interface Way {
  readonly from: Int32Array
  readonly to: Int32Array
}

function wayBack(text: string, steps: readonly Step[]): Way {
  let way: Way | undefined
  let left = text
  for (const step of steps) {
    const next = wayOf(left, step)
    left = left.replace(...step)
    way = way === undefined ? next : composed(way, next)
  }
  return way ?? wayOf(text, [/(?!)/g, String])
}

function wayOf(text: string, [pattern, replace]: Step): Way {
  const from: number[] = []
  const to: number[] = []
  let at = 0
  const keep = (upTo: number) => {
    for (; at < upTo; at++) {
      from.push(at)
      to.push(at + 1)
    }
  }
  text.replace(pattern, (match: string, ...rest: (string | number)[]) => {
    const index = rest.findLast((one) => typeof one === 'number') as number
    keep(index)
    const read = replace(match, ...(rest as string[]))
    // As long as before: character for character.
    if (read.length === match.length) keep(index + match.length)
    else for (let unit = 0; unit < read.length; unit++) to[from.push(index) - 1] = index + match.length
    at = index + match.length
    return match
  })
  keep(text.length)
  return { from: Int32Array.from(from), to: Int32Array.from(to) }
}

const composed = (outer: Way, inner: Way): Way => ({
  from: inner.from.map((at) => outer.from[at] ?? 0),
  to: inner.to.map((end) => outer.to[end - 1] ?? 0),
})
