// One IPv6 address is written in many ways (RFC 5952).

const GROUPS = 8

/** With zeros left out as much as may be, with none left out, and in between; an IPv4 address in it by itself. */
export function ipv6Spellings(value: string): string[] {
  const [address = ''] = value.toLowerCase().split('%')
  if (!address.includes(':')) return []
  const [, v4] = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/.exec(address) ?? []
  if (v4 !== undefined) return [v4]
  const groups = groupsOf(address)
  if (!groups) return []
  const short = groups.map((group) => group.toString(16))
  return [shortest(short), short.join(':'), short.map((group) => group.padStart(4, '0')).join(':')]
}

function groupsOf(address: string): readonly number[] | undefined {
  const [before = '', after] = address.split('::')
  const parse = (part: string) => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)))
  const [head, tail] = [parse(before), parse(after ?? '')]
  const missing = GROUPS - head.length - tail.length
  const groups = [...head, ...Array<number>(Math.max(0, missing)).fill(0), ...tail]
  const isWhole = groups.length === GROUPS && (after !== undefined || missing === 0)
  return isWhole && groups.every((group) => group >= 0 && group <= 0xffff) ? groups : undefined
}

/** The first of the longest rows of zeros is left out, where it has two at least. */
function shortest(groups: readonly string[]): string {
  const text = groups.join(':')
  const rows = [...text.matchAll(/(?<![^:])0(?::0)+(?![^:])/g)].sort((a, b) => b[0].length - a[0].length)
  const [row] = rows
  if (!row) return text
  const [before, after] = [text.slice(0, row.index).replace(/:$/, ''), text.slice(row.index + row[0].length)]
  return `${before}::${after.replace(/^:/, '')}`
}
