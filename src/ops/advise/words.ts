// Figures as sentences show them.

const NUMBER = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })

/** `1 row`, `12,000 rows`. */
export const counted = (count: number, what: string): string =>
  `${NUMBER.format(count)} ${what}${count === 1 ? '' : 's'}`

export const megabytes = (bytes: number): string =>
  bytes >= 1e9 ? `${(bytes / 1e9).toFixed(2)} GB` : `${(bytes / 1e6).toFixed(1)} MB`

export function percent(share: number): string {
  if (share > 0 && share < 0.0001) return 'under 0.01 %'
  return `${(100 * share).toFixed(share > 0 && share < 0.01 ? 2 : 0)} %`
}
