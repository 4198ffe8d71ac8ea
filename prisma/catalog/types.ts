// The catalog's vocabulary. The generator copies this file to the top of src/generated/catalog.ts.

export type Domain = 'identity' | 'billing' | 'admin'
export type ColumnType = 'text' | 'integer' | 'boolean' | 'time' | 'bytes'
export type ColumnClass = 'key' | 'link' | 'subject' | 'pii' | 'freetext' | 'secret' | 'plain'
export type PiiClass = 'email' | 'phone' | 'ip' | 'name' | 'freetext'
export type OnErase = 'keep' | 'delete' | 'null'

export interface CatalogColumn {
  readonly name: string
  readonly type: ColumnType
  readonly nullable: boolean
  /** Unique by itself: the primary key, or `@unique`. */
  readonly unique: boolean
  readonly class: ColumnClass
  /** With class `pii`: the kind of information. */
  readonly pii?: PiiClass
  /** With class `pii`: the column that says whose it is, where that is not who the row is about: `admin.AdminLog.adminId`. */
  readonly of?: string
  /** With class `key`: worth something to whoever knows it. */
  readonly bearer?: true
  /** The column's name in the unified database, where it differs. */
  readonly legacy?: string
  /** What it holds: the first sentence of its comment in the schema. */
  readonly about?: string
}

/** A column that names a row, in this file or another. */
export interface CatalogLink {
  readonly column: string
  readonly to: { readonly domain: Domain; readonly model: string; readonly column: string }
  readonly onErase: OnErase
  /** The link's name from the row that holds the column. */
  readonly name: string
  /** The link's name from the row that is named. */
  readonly inverse: string
  /** The column may also name a Contact or hold a word such as `system`: an orphan only where it is none of these. */
  readonly subject: boolean
}

export interface CatalogModel {
  readonly domain: Domain
  readonly name: string
  /** What its rows are: the first sentence of its comment in the schema. */
  readonly about?: string
  /** The name over HTTP. */
  readonly resource?: string
  /** False: reached by expand only, without a route of its own. */
  readonly listed?: boolean
  /** Where its rows lie in the unified database; `moved`: single columns of a table that otherwise lives in another file. */
  readonly legacy?: { readonly table: string; readonly moved: boolean }
  /** `erased`: the column of a link to a person; rows go only once that person is erased. */
  readonly retain?: { readonly period: string; readonly column: string; readonly erased?: string }
  /** A log: rows are never changed, and each is linked to the one before. */
  readonly chained?: true
  readonly key: readonly string[]
  readonly columns: readonly CatalogColumn[]
  readonly indexes: readonly (readonly string[])[]
  readonly links: readonly CatalogLink[]
}
