// What an export consists of, one event after the other; json.ts, html.ts and pdf.ts write them down.
import type { ColumnClass } from '../../generated/catalog.ts'
import type { Person } from './person.ts'
import type { Shown } from './shown.ts'

export interface Head {
  readonly format: 'gogga-access/1'
  readonly law: string
  readonly madeAt: string
  readonly subject: {
    readonly ids: readonly string[]
    readonly kind: Person['kind']
    readonly isAdministrator: boolean
    readonly email: string | null
    readonly addresses: readonly {
      readonly address: string
      readonly since: string | null
      readonly until: string | null
    }[]
  }
  readonly notes: readonly string[]
}

export interface TableHead {
  /** `billing.db` */
  readonly file: string
  readonly table: string
  /** Who had access. */
  readonly isAccess: boolean
  readonly about: string
  readonly why: string
  readonly ground: string
  readonly purposes: readonly string[]
  readonly retention: string
  /** How rows lead to the person. */
  readonly through: readonly string[]
  readonly columns: readonly ColumnHead[]
}

export interface ColumnHead {
  readonly name: string
  readonly class: ColumnClass | 'added' | 'unknown'
  readonly about: string
}

export type ExportEvent =
  | { readonly type: 'head'; readonly head: Head }
  | { readonly type: 'table'; readonly table: TableHead }
  | { readonly type: 'row'; readonly row: Readonly<Record<string, Shown>> }
  | { readonly type: 'table-end'; readonly rows: number }
  /** A good moment to let others have their turn. */
  | { readonly type: 'turn' }
  | { readonly type: 'end'; readonly untouched: readonly Untouched[]; readonly rows: number }

/** A table no column of which leads to a person. */
export interface Untouched {
  readonly file: string
  readonly table: string
  readonly about: string
}
