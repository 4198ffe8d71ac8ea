/**
 * The data map (POPIA section 17): files, tables and columns with their classes, links, purposes and retention, all of it out
 * of the catalog, so that it can't differ from what the application does.
 */
import { allModels, type CatalogColumn, type CatalogModel, storedColumns } from '../../database/catalog.ts'
import { DOMAINS, type Domain } from '../../database/domains.ts'
import type { ColumnClass, OnErase, PiiClass } from '../../generated/catalog.ts'
import { PURPOSES, type Purpose } from '../../identity/purposes.ts'
import { CLASSES, kindWords, meaningOf } from './meanings.ts'
import { purposeOfTable, retentionOf } from './purposes-of.ts'

export interface DataMap {
  readonly format: 'gogga-data-map/1'
  readonly files: readonly MapFile[]
  /** The register. */
  readonly purposes: readonly Purpose[]
  /** What the classes mean. */
  readonly classes: Readonly<Record<ColumnClass, string>>
}

export interface MapFile {
  readonly domain: Domain
  readonly file: string
  readonly about: string
  readonly tables: readonly MapTable[]
  /** What tools keep beside them: of no schema, and of nobody. */
  readonly technical: readonly TechnicalTable[]
}

export interface TechnicalTable {
  readonly table: string
  readonly about: string
  readonly retention: string
}

export interface MapTable {
  readonly domain: Domain
  readonly table: string
  readonly about: string
  readonly why: string
  readonly ground: string
  readonly purposes: readonly string[]
  readonly retention: string
  /** Rows are never changed, and each is linked to the one before. */
  readonly isLog: boolean
  readonly columns: readonly MapColumn[]
}

export interface MapColumn {
  readonly name: string
  readonly type: string
  readonly class: ColumnClass
  readonly kind: PiiClass | null
  /** Whose it is, where a linked row says so. */
  readonly of: string | null
  readonly isBearer: boolean
  readonly about: string
  readonly link: MapLink | null
}

export interface MapLink {
  readonly to: { readonly domain: Domain; readonly table: string; readonly column: string }
  /** What becomes of the row when the person, or the row that it names, is erased. */
  readonly onErase: OnErase
  /** May also name a contact, or hold a word such as `system`. */
  readonly isSubject: boolean
}

const ABOUT: Readonly<Record<Domain, string>> = {
  identity: 'The only file that may hold personal information.',
  billing: 'Subscriptions, credits and payments. People appear as subject ids.',
  admin: 'Vouchers and what administrators did. People appear as subject ids.',
}

const TECHNICAL: readonly TechnicalTable[] = [
  {
    table: '_prisma_migrations',
    about: 'Which changes of its tables the file has had, and when: names, sums and times. Nothing of a person.',
    retention: 'As long as the file.',
  },
]

export function dataMap(models: readonly CatalogModel[] = allModels): DataMap {
  const files = DOMAINS.map((domain) => ({
    domain,
    file: `${domain}.db`,
    about: ABOUT[domain],
    tables: models.filter((model) => model.domain === domain).map(tableOf),
    technical: TECHNICAL,
  }))
  const classes = Object.fromEntries(Object.entries(CLASSES).map(([name, { words }]) => [name, words]))
  return {
    format: 'gogga-data-map/1',
    files,
    purposes: PURPOSES,
    classes: classes as Readonly<Record<ColumnClass, string>>,
  }
}

function tableOf(model: CatalogModel): MapTable {
  const { why, ground, purposes } = purposeOfTable(model) ?? {
    why: 'No purpose is written down.',
    ground: 'none written down',
    purposes: [],
  }
  return {
    domain: model.domain,
    table: model.name,
    about: model.about ?? '',
    ...{ why, ground, purposes },
    retention: retentionOf(model),
    isLog: model.chained ?? false,
    columns: storedColumns(model).map((column) => columnOf(model, column)),
  }
}

function columnOf(model: CatalogModel, column: CatalogColumn): MapColumn {
  const link = model.links.find((one) => one.column === column.name)
  return {
    name: column.name,
    type: column.type,
    class: column.class,
    kind: column.pii ?? null,
    of: column.of ?? null,
    isBearer: column.bearer ?? false,
    about: meaningOf(model, column),
    link: link
      ? {
          to: { domain: link.to.domain, table: link.to.model, column: link.to.column },
          onErase: link.onErase,
          isSubject: link.subject,
        }
      : null,
  }
}

/** What stands beside a column's name. */
export function detailOf({ kind, link, isBearer, type }: MapColumn): string {
  if (link) return `→ ${link.to.domain}.${link.to.table}.${link.to.column}, ${ERASED[link.onErase]}`
  if (kind !== null) return kindWords(kind)
  return isBearer ? 'worth something to whoever knows it' : type
}

const ERASED: Readonly<Record<OnErase, string>> = { keep: 'kept', delete: 'deleted', null: 'emptied' }
