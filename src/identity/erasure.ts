// Everything that identity.db holds of a person, taken out in one transaction (POPIA sections 14 and 24). The log of what
// happened at the door keeps its rows without address, IP and words; everything else goes. Other files name what belongs
// to the person there (`Elsewhere`); links of this file that name the person follow their policies elsewhere, afterwards.
import { modelNamed, quote } from '../database/catalog.ts'
import { timeText } from '../database/row-codec.ts'
import type { Tx } from '../database/rows.ts'
import { findSubject } from './contacts.ts'
import { mentionsEmail } from './emails.ts'
import { type Address, formerOwnersOf, isOfThem } from './former-addresses.ts'
import type { Traces } from './traces.ts'

/** Rows of other files that are the person's, as far as identity.db keeps something for them. */
export interface Elsewhere {
  /** Ids of AdminLog rows of what the person did as an administrator. */
  readonly acts: readonly string[]
  /** Places of free text about the person: `admin.AdminLog.meta`, and the id of the row. */
  readonly texts: readonly { readonly place: string; readonly rowId: string }[]
  /** Ids of detached values in messages about the person that did not arrive yet. */
  readonly tokens: readonly string[]
}

export interface Erased {
  readonly table: string
  readonly action: 'deleted' | 'emptied'
  readonly rows: number
}

export interface Taken {
  readonly rows: readonly Erased[]
  /** What must not be found anywhere any more; gone with the process. */
  readonly values: TakenValues
}

export interface TakenValues {
  /** Addresses in every spelling that stood somewhere. */
  readonly emails: readonly string[]
  readonly ips: readonly string[]
  /** What was detached from free text, as it stood there and decoded. */
  readonly texts: readonly string[]
}

const CHOSEN = 'select value from json_each(?)'
/** A session's row and its line in the log are written together, but each looks at the clock by itself. */
const TOGETHER_MS = 2_000

export interface PersonToErase {
  readonly ids: readonly string[]
  readonly addresses: readonly Address[]
  readonly traces: Traces
  readonly elsewhere: Elsewhere
}

/** Within a transaction that also follows the links. */
export function takeOut(tx: Tx<'identity'>, person: PersonToErase): Taken {
  const door = doorRows(tx, person)
  const values = detachedRows(tx, person)
  const tokens = fitting(person.traces.tokens, person.addresses)
  const ips = origins(tx, person.elsewhere.acts)
  const taken = {
    emails: [...new Set([...person.addresses.map(({ key }) => key), ...door.emails, ...emailsOf(tx, person.ids)])],
    ips: [...new Set([...door.ips, ...ips])],
    texts: [...new Set(values.flatMap(({ raw, value }) => [raw, value]))],
  }
  const rows: Erased[] = []
  const removed = (table: string, count: number) => rows.push({ table, action: 'deleted', rows: count })
  removed('LegacyOriginal', removeOriginals(tx, person, door.ids))
  const emptied = tx.run(
    `update "AuthLog" set email = null, ip = null, meta = null where id in (${CHOSEN})`,
    json(door.ids),
  )
  const unsaid = tx.run(`update "AuthLog" set meta = null where id in (${CHOSEN})`, json(door.mentions))
  rows.push({ table: 'AuthLog', action: 'emptied', rows: emptied + unsaid })
  removed('LoginToken', removeByKey(tx, 'LoginToken', 'id', tokens))
  removed(
    'DetachedValue',
    removeByKey(
      tx,
      'DetachedValue',
      'id',
      values.map(({ id }) => id),
    ),
  )
  removed('AdminLogOrigin', removeByKey(tx, 'AdminLogOrigin', 'adminLogId', person.elsewhere.acts))
  removed('User', removeByKey(tx, 'User', 'id', person.ids))
  removed('Contact', removeByKey(tx, 'Contact', 'id', person.ids))
  forgetSamples(tx)
  return { rows: rows.filter(({ rows: count }) => count > 0), values: taken }
}

const json = (values: readonly unknown[]): string => JSON.stringify(values)

const removeByKey = (tx: Tx<'identity'>, table: string, column: string, keys: readonly string[]): number =>
  keys.length === 0 ? 0 : tx.run(`delete from ${quote(table)} where ${quote(column)} in (${CHOSEN})`, json(keys))

const emailsOf = (tx: Tx<'identity'>, ids: readonly string[]): string[] =>
  tx
    .all<{ email: string }>(
      `select email from "User" where id in (${CHOSEN}) union select email from "Contact" where id in (${CHOSEN})`,
      json(ids),
      json(ids),
    )
    .map(({ email }) => email)

const fitting = (traces: Traces['tokens'], addresses: readonly Address[]): readonly string[] =>
  [...traces.values()].filter(({ key, createdAt }) => isOfThem(addresses, key, createdAt)).map(({ id }) => id)

interface DoorRow {
  readonly id: string
  readonly email: string | null
  readonly ip: string | null
  readonly meta: string | null
  readonly createdAt: string
}

/** Rows of the person's addresses, and of their sessions under whatever address; never of somebody else's session. */
function doorRows(tx: Tx<'identity'>, { ids, addresses, traces }: PersonToErase) {
  const columns = 'id, email, ip, meta, createdAt'
  const found = new Map<string, DoorRow>()
  for (const { key, since, until } of addresses) {
    const spelled = json([...(traces.typed.get(key) ?? [])])
    const [bound, more] = until === null ? ['', []] : [' and createdAt < ?', [until]]
    const sql = `select ${columns} from "AuthLog" where email in (${CHOSEN}) and createdAt >= ?${bound}`
    for (const row of tx.all<DoorRow>(sql, spelled, since, ...more)) found.set(row.id, row)
  }
  const own = new Set(ids)
  for (const row of found.values()) {
    const sessionId = sessionOf(row)
    const userId = sessionId === undefined ? undefined : tx.find('Session', { id: sessionId })?.userId
    if (userId !== undefined && !own.has(userId)) found.delete(row.id)
  }
  for (const row of ids.flatMap((userId) => sessionRows(tx, userId, columns))) found.set(row.id, row)
  const mentions = new Set<string>()
  for (const id of fitting(traces.words, addresses)) {
    if (found.has(id)) continue
    const [row] = tx.all<DoorRow>(`select ${columns} from "AuthLog" where id = ?`, id)
    if (row?.email) mentions.add(id)
    else if (row) found.set(id, row)
  }
  const rows = [...found.values()]
  return {
    ids: rows.map(({ id }) => id),
    /** Rows of others that mention the person: their words go, nothing else. */
    mentions: [...mentions],
    emails: rows.flatMap(({ email }) => email ?? []),
    ips: rows.flatMap(({ ip }) => ip ?? []),
  }
}

function sessionRows(tx: Tx<'identity'>, userId: string, columns: string): DoorRow[] {
  const sql = `select ${columns} from "AuthLog" where createdAt >= ? and createdAt <= ? and meta like '%sessionId%'`
  return tx.list('Session', { userId }).flatMap(({ id, createdAt, revokedAt }) =>
    [createdAt, revokedAt].flatMap((time) => {
      if (time === null) return []
      const [from, until] = [-TOGETHER_MS, TOGETHER_MS].map((by) => timeText(new Date(time.getTime() + by)))
      return tx.all<DoorRow>(sql, from ?? '', until ?? '').filter((row) => sessionOf(row) === id)
    }),
  )
}

function sessionOf({ meta }: DoorRow): string | undefined {
  return meta === null ? undefined : /"sessionId":"([^"\\]+)"/.exec(meta)?.[1]
}

interface Detached {
  readonly id: string
  readonly kind: string
  readonly raw: string
  readonly value: string
}

/** In text about the person, but for addresses of others; and the person's address, wherever it was detached. */
function detachedRows(tx: Tx<'identity'>, { ids, addresses, traces, elsewhere }: PersonToErase): readonly Detached[] {
  const columns = 'd.id, d.kind, d.raw, d.value'
  const inTexts = tx
    .all<Detached>(
      `select ${columns} from json_each(?) k cross join "DetachedValue" d
         on d.place = json_extract(k.value, '$.place') and d.rowId = json_extract(k.value, '$.rowId')
       union select ${columns} from json_each(?) k cross join "DetachedValue" d on d.id = k.value`,
      json(elsewhere.texts),
      json(elsewhere.tokens),
    )
    .filter(({ kind, value }) => kind !== 'email' || !isOfAnother(tx, value, ids))
  const own = tx.all<Detached>(
    `select ${columns} from json_each(?) k cross join "DetachedValue" d on d.id = k.value`,
    json(fitting(traces.values, addresses)),
  )
  return [...new Map([...inTexts, ...own].map((row) => [row.id, row])).values()]
}

function isSomebodyElses(tx: Tx<'identity'>, email: string, ids: readonly string[]): boolean {
  const owner = findSubject(tx, email)
  return owner !== undefined && !ids.includes(owner)
}

/** Of somebody who has the address or had it, and not of these. */
function isOfAnother(tx: Tx<'identity'>, email: string, ids: readonly string[]): boolean {
  const owners = [findSubject(tx, email) ?? [], formerOwnersOf(tx, email).map(({ id }) => id)].flat()
  return owners.length > 0 && !owners.some((owner) => ids.includes(owner))
}

const origins = (tx: Tx<'identity'>, acts: readonly string[]): readonly string[] =>
  tx
    .all<{ ip: string }>(`select ip from "AdminLogOrigin" where adminLogId in (${CHOSEN})`, json(acts))
    .map(({ ip }) => ip)

/** Rowids may have been given anew since they were looked for: the value says whether it is still the row. */
function removeOriginal(tx: Tx<'identity'>, { at, key }: { readonly at: number; readonly key: string }): number {
  const sql = 'select cast(value as text) as text from "LegacyOriginal" where _rowid_ = ?'
  const [row] = tx.all<{ text: string }>(sql, at)
  return row && mentionsEmail(row.text, key) ? tx.run('delete from "LegacyOriginal" where _rowid_ = ?', at) : 0
}

/** Legacy spellings of what goes: by the rows that they belong to, and by the address in them. */
function removeOriginals(tx: Tx<'identity'>, person: PersonToErase, door: readonly string[]): number {
  const { ids, addresses, traces, elsewhere } = person
  // They bear no time: a former address is the person's where nobody else has it now.
  const own = new Set(addresses.map(({ key }) => key).filter((key) => !isSomebodyElses(tx, key, ids)))
  const byValue = [...traces.originals].filter(([, key]) => own.has(key)).map(([at, key]) => ({ at, key }))
  const ofRow = (domain: 'identity' | 'billing' | 'admin', name: string, rowIds: readonly string[], only?: string) => {
    if (rowIds.length === 0) return 0
    const model = modelNamed(domain, name)
    const columns = only === undefined ? model.columns.map(({ name: column, legacy }) => legacy ?? column) : [only]
    return tx.run(
      `delete from "LegacyOriginal" where "table" = ? and "column" in (${CHOSEN}) and rowId in (${CHOSEN})`,
      model.legacy?.table ?? name,
      json(columns),
      json(rowIds),
    )
  }
  const byText = Map.groupBy(elsewhere.texts, ({ place }) => place)
  return (
    ofRow('identity', 'User', ids) +
    ofRow('identity', 'AuthLog', door) +
    ofRow('identity', 'LoginToken', fitting(traces.tokens, addresses)) +
    ofRow('admin', 'AdminLog', elsewhere.acts, 'ip') +
    [...byText].reduce((sum, [place, texts]) => {
      const [domain, name = '', column = ''] = place.split('.') as ['billing' | 'admin', string, string]
      const legacy = modelNamed(domain, name).columns.find((one) => one.name === column)?.legacy ?? column
      return (
        sum +
        ofRow(
          domain,
          name,
          texts.map(({ rowId }) => rowId),
          legacy,
        )
      )
    }, 0) +
    byValue.reduce((sum, one) => sum + removeOriginal(tx, one), 0)
  )
}

/** Samples of indexed columns, addresses among them, where somebody ran ANALYZE: see database/statistics.ts. */
function forgetSamples(tx: Tx<'identity'>): void {
  if (tx.all(`select 1 from sqlite_master where name = 'sqlite_stat4'`).length > 0) tx.run('delete from sqlite_stat4')
}
