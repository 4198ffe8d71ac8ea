// The pack as blocks, which become Markdown or a page. Whatever only a person can know is a blank: `[FILL IN: …]`.
import { momentText } from '../moments.ts'
import type { Breach } from './reveal.ts'
import { count, noticeToPeople, noticeToRegulator, peopleIn } from './texts.ts'

export type Block =
  | { readonly kind: 'title' | 'heading' | 'text' | 'draft'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  | { readonly kind: 'table'; readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] }

export interface Contact {
  readonly id: string
  readonly email: string
}

const text = (words: string): Block => ({ kind: 'text', text: words })
const heading = (words: string): Block => ({ kind: 'heading', text: words })
const draft = (words: string): Block => ({ kind: 'draft', text: words })

/** `contacts` where they were asked for. */
export function reportOf(breach: Breach, contacts?: readonly Contact[]): readonly Block[] {
  return [
    { kind: 'title', text: `Breach pack: ${breach.file}` },
    text(`Made at ${momentText(breach.madeAt)}, under section 22 of POPIA. ${periodOf(breach)}`),
    heading('Can anybody be named from this file alone?'),
    text(namedWords(breach)),
    ...findingsOf(breach),
    heading('What it reveals'),
    text(`${count(breach.rows)} rows about ${peopleIn(breach.people.count)}.`),
    {
      kind: 'table',
      head: ['category', 'values', 'where'],
      rows: breach.categories.map(({ category, values, places }) => [category, count(values), places.join(', ')]),
    },
    {
      kind: 'table',
      head: ['table', 'rows', 'what it holds'],
      rows: breach.tables.map(({ table, rows, about, isTimeless }) => [
        table,
        isTimeless ? `${count(rows)} (of any time)` : count(rows),
        about,
      ]),
    },
    heading('What gives power, and what to do at once'),
    ...secretsOf(breach),
    heading('Draft: to the Information Regulator'),
    ...noticeToRegulator(breach).map(draft),
    heading('Draft: to the people'),
    ...noticeToPeople(breach).map(draft),
    heading('Whom to tell'),
    ...whomOf(breach, contacts),
  ]
}

function periodOf({ from, to }: Breach): string {
  if (from === null && to === null) return 'It is about all rows.'
  const bounds = [from && `from ${from}`, to && `before ${to}`].filter(Boolean).join(' and ')
  return `It is about rows that were written or changed ${bounds}.`
}

function namedWords({ file, naming, people }: Breach): string {
  const { canName, values, knownValues, rowsLookedAt, needed } = naming
  if (file === 'identity.db')
    return `Yes: ${count(values)} values of personal information in ${count(rowsLookedAt)} rows, and ${peopleIn(people.count)} with their addresses.`
  const looked = `All values of all ${count(rowsLookedAt)} rows, of any time, were looked at by every detector and compared with everything that identity.db knows of people.`
  if (canName)
    return `YES. ${looked} ${count(values)} hold personal information, ${count(knownValues)} of them known to be somebody's.`
  return `No. ${looked} 0 of them hold an address, a number or a name of a person. What else somebody needs to name one: ${needed}`
}

const findingsOf = ({ naming }: Breach): readonly Block[] =>
  naming.findings.length === 0
    ? []
    : [
        {
          kind: 'table',
          head: ['where', 'what'],
          rows: naming.findings.map(({ place, message }) => [
            [place.table, place.column, place.path].filter(Boolean).join(' '),
            message,
          ]),
        },
      ]

const secretsOf = ({ secrets }: Breach): readonly Block[] =>
  secrets.length === 0
    ? [text('Nothing in the file does.')]
    : [
        {
          kind: 'table',
          head: ['where', 'how many', 'still with effect', 'what it can do', 'what to do'],
          rows: secrets.map(({ place, count: many, live, power, next }) => [
            place,
            count(many),
            live === null ? 'not known' : count(live),
            power,
            next,
          ]),
        },
      ]

function whomOf({ people }: Breach, contacts?: readonly Contact[]): readonly Block[] {
  const unknown = `${count(people.unknown)} more ids or words in the rows name no user or contact: people who were erased, or words such as "system".`
  if (people.count === 0) return [text('Nobody whom identity.db knows.'), text(unknown)]
  const list: Block = contacts
    ? { kind: 'table', head: ['subject id', 'email'], rows: contacts.map(({ id, email }) => [id, email]) }
    : { kind: 'list', items: people.ids }
  const hint = contacts ? '' : ' Their addresses come with --with-contacts, which leaves a row in the access log.'
  return [text(`${peopleIn(people.count)}, by subject id.${hint}`), list, text(unknown)]
}
