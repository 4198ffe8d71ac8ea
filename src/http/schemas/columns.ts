// What an answer shows of a table, and examples for the OpenAPI document: one made-up value per column, by its name
// where that says more than its type.
import type { CatalogColumn, CatalogModel } from '../../database/catalog.ts'

/** Columns that an answer shows: a secret is in none. */
export const shownColumns = (model: CatalogModel): readonly CatalogColumn[] =>
  model.columns.filter((column) => column.class !== 'secret' && column.type !== 'bytes')

const TIME = '2026-03-14T09:26:53.589Z'

const BY_NAME: Readonly<Record<string, string>> = {
  action: 'created',
  code: 'GOGGA-7K2M-9XQP',
  email: 't***@e***',
  event: 'upgraded',
  frequency: 'monthly',
  fromStatus: 'active',
  fromTier: 'JIVE',
  id: 'cmb2x9k4d0000',
  ip: '196.25.*.*',
  meta: '{"note":"pii:d41d8cd9"}',
  packSize: '200',
  status: 'active',
  tier: 'JIGGA',
  toStatus: 'active',
  toTier: 'JIGGA',
  type: 'JIGGA_1MONTH',
  voidReason: 'issued twice',
}

export function exampleOf({ name, type, class: kind, pii }: CatalogColumn): string | number | boolean {
  if (pii === 'freetext' || pii === 'name') return '***'
  if (type === 'time') return TIME
  if (type === 'boolean') return false
  if (type === 'integer') return name.endsWith('Cents') ? 29_900 : 12
  return BY_NAME[name] ?? (kind === 'subject' || kind === 'link' ? 'cmb2x9k4d0001' : `cmb2x9k4d-${name}`)
}
