// Links of the catalog whose row is not there.
import { type CatalogLink, type CatalogModel, columnOf, modelNamed, modelsOf, quote } from '../../database/catalog.ts'
import type { Domain } from '../../database/domains.ts'
import { isWord } from '../../join/orphans.ts'
import type { Finding } from './finding.ts'
import { keysOf, type Missing, missingKeys } from './keys.ts'
import { isMoney, moneyRows } from './money.ts'
import type { FileView, Readers } from './view.ts'

export interface LinkEnd {
  readonly model: CatalogModel
  readonly link: CatalogLink
}

/** A tombstone names somebody who is gone: that is what it is for. */
const NAMES_THE_GONE = 'Tombstone'

/** Every link that a file holds. */
export const linksOf = (domain: Domain): readonly LinkEnd[] =>
  modelsOf(domain)
    .filter(({ name }) => name !== NAMES_THE_GONE)
    .flatMap((model) => model.links.map((link) => ({ model, link })))

export const nameOfLink = ({ model, link }: LinkEnd): string => `${model.domain}.${model.name}.${link.column}`

/** Whether `--repair` may touch it: its policy says how, and no money hangs on the row. */
export const isRepairable = ({ model, link }: LinkEnd): boolean => link.onErase !== 'keep' && !isMoney(model)

/**
 * Keys that name no row, ascending, with `undefined` as a pause in between. Whoever names a user may name a contact, a subject's column
 * also hold a word (src/join/orphans.ts), and what is kept on purpose may name someone who was erased.
 */
export function* orphansOf({ model, link }: LinkEnd, readers: Readers): Generator<Missing | undefined> {
  const [from, to] = [readers[model.domain], readers[link.to.domain]]
  if (!from || !to) return
  const known = [keysOf(to, knownSql(link.to.domain, link.to.model, link.to.column))]
  // Whoever paid before signing in is a contact with a subscription.
  if (isOfPerson(link)) known.push(keysOf(to, knownSql('identity', 'Contact', 'id')))
  if (link.onErase === 'keep' && isOfPerson(link))
    known.push(keysOf(to, knownSql('identity', NAMES_THE_GONE, 'subjectId')))
  for (const missing of missingKeys(keysOf(from, fromSql(model, link.column)), known)) {
    if (missing && link.subject && isWord(missing.key)) continue
    yield missing
  }
}

const isOfPerson = ({ to }: CatalogLink): boolean => to.domain === 'identity' && to.model === 'User'

function fromSql(model: CatalogModel, column: string): string {
  const [table, name] = [quote(model.name), quote(column)]
  if (columnOf(model, column)?.unique) return `select ${name} from ${table} where ${name} is not null order by ${name}`
  return `select ${name}, count(*) from ${table} where ${name} is not null group by ${name} order by ${name}`
}

function knownSql(domain: Domain, model: string, column: string): string {
  const [table, name] = [quote(modelNamed(domain, model).name), quote(column)]
  return `select ${name} from ${table} where ${name} is not null order by ${name}`
}

export interface Orphans {
  readonly keys: number
  readonly rows: number
}

/** Counts them, and lets the event loop turn on the way. */
export async function countOrphans(end: LinkEnd, readers: Readers): Promise<Orphans> {
  let [keys, rows] = [0, 0]
  for (const missing of orphansOf(end, readers)) {
    if (!missing) {
      await new Promise(setImmediate)
      continue
    }
    keys += 1
    rows += missing.rows
  }
  return { keys, rows }
}

export async function* checkLinks({ domain, readers }: FileView): AsyncGenerator<Finding> {
  for (const end of linksOf(domain)) {
    if (!readers[end.link.to.domain]) continue
    const { rows } = await countOrphans(end, readers)
    if (rows > 0) yield isTargetLost(end, readers) ? lostFinding(end, rows) : orphanFinding(end, rows)
  }
}

/** Not one row is there that the link could name: that file was lost, and made anew. */
export function isTargetLost({ model, link }: LinkEnd, readers: Readers): boolean {
  const reader = readers[link.to.domain]
  if (!reader || link.to.domain === model.domain) return false
  const tables = isOfPerson(link) ? ['User', 'Contact', NAMES_THE_GONE] : [link.to.model]
  return tables.every((table) => reader.prepare(`select 1 from ${quote(table)} limit 1`).get() === undefined)
}

function lostFinding({ model, link }: LinkEnd, rows: number): Finding {
  const { domain } = link.to
  return {
    check: 'links',
    severity: 'error',
    place: { file: model.domain, table: model.name, column: link.column },
    count: rows,
    message: `${rows} of its rows name rows of ${domain}.${link.to.model}, which has none at all: ${domain}.db was lost, and made anew`,
    next: `Stop the server, then restore it: "npx gogga restore ${domain} --from latest --dry-run" shows the plan.`,
  }
}

function orphanFinding(end: LinkEnd, rows: number): Finding {
  const { model, link } = end
  const target = `${link.to.domain}.${link.to.model}`
  return {
    check: 'links',
    severity: link.onErase === 'keep' ? 'notice' : 'warning',
    place: { file: model.domain, table: model.name, column: link.column },
    count: rows,
    message: `${rows} of its rows name a row of ${target} that is not there (policy: ${link.onErase})`,
    next: nextStep(end),
  }
}

function nextStep(end: LinkEnd): string {
  if (end.link.onErase === 'keep') return 'Nothing: these rows stay as a record when what they name goes.'
  if (isMoney(end.model)) return 'Look at each by hand: rows about money are never repaired by a program.'
  const run = 'Run "gogga check --repair --dry-run", then "gogga check --repair"'
  return moneyRows(end.model) ? `${run}: what was paid for stays, and must be looked at by hand.` : `${run}.`
}
