// The pack as blocks, which become Markdown or a page. Whatever only a person can know is a blank: `[FILL IN: …]`.
import { placeText } from '../audit/report.ts'
import { momentText } from '../moments.ts'
import type { Breach } from './reveal.ts'
import { between, inThousands, noticeToPeople, noticeToRegulator, peopleIn } from './texts.ts'

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
    ...lookedAt(breach),
    heading('What it reveals'),
    text(heldWords(breach)),
    {
      kind: 'table',
      head: ['category', 'values', 'where'],
      rows: breach.categories.map(({ category, values, places }) => [category, inThousands(values), places.join(', ')]),
    },
    tablesOf(breach),
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

/** What the times mean: who took a file has all of it. */
function periodOf({ from, to }: Breach): string {
  if (from === null && to === null) return 'It is about all rows that the file holds now.'
  const held = to ? `that had been written by ${to}` : 'that the file holds now'
  const beside = from ? ` What was written or changed since ${from} is counted beside it.` : ''
  return `Whoever could reach the file${between({ from, to })} may have taken it whole: this is about all rows ${held}, however old.${beside}`
}

function heldWords({ rows, touched, people, from, to }: Breach): string {
  const all = `${inThousands(rows)} rows about ${peopleIn(people.count)}${to ? ` that were there at ${to}` : ''}.`
  const meanwhile =
    touched === null || people.touched === null
      ? ''
      : ` Of these, ${inThousands(touched)} rows about ${peopleIn(people.touched)} were written or changed${between({ from, to })}: that is what somebody who only watched could have seen happen, and not whom to tell.`
  return `${all}${meanwhile} ${GONE}`
}

const GONE =
  'Rows that were removed since (purged, erased) are not in these numbers, nor what stood in a row before it was changed: a backup of that time shows both.'

function tablesOf({ tables, touched }: Breach): Block {
  const cell = (count: number | null) => (count === null ? 'not known' : inThousands(count))
  const beside = touched !== null
  return {
    kind: 'table',
    head: ['table', 'rows', ...(beside ? ['written or changed meanwhile'] : []), 'what it holds'],
    rows: tables.map((one) => [
      one.table,
      one.isTimeless ? `${inThousands(one.rows)} (of any time: its rows do not say when)` : inThousands(one.rows),
      ...(beside ? [cell(one.touched)] : []),
      one.about,
    ]),
  }
}

function namedWords({ file, naming, people }: Breach): string {
  const { answer, values, knownValues, occurrences, unclear, looked, needed } = naming
  if (file === 'identity.db')
    return answer === 'yes'
      ? `Yes: ${inThousands(values)} values of personal information in ${inThousands(looked.rows)} rows, and ${peopleIn(people.count)} with their addresses.`
      : `No: ${inThousands(looked.rows)} rows hold no value of personal information.`
  const chance = unclear === 0 ? '' : ` ${inThousands(unclear)} more may be chance, or could not be read.`
  if (answer === 'yes')
    return `YES. Values in its rows that hold personal information: ${inThousands(values)} (known to be somebody's: ${inThousands(knownValues)}). Times that values of identity.db stand in its raw bytes, removed rows included: ${inThousands(occurrences)}.${chance}`
  if (answer === 'perhaps')
    return `IT CANNOT BE RULED OUT. Nothing was found for certain, but ${perhapsWords(naming)}. See what was looked at.`
  return `No. Nothing that names or reaches a person was found: 0 values of ${inThousands(looked.rows)} rows, and ${inThousands(looked.compared)} values of identity.db 0 times in ${inThousands(looked.bytes)} raw bytes. What else somebody needs to name one: ${needed}`
}

function perhapsWords({ unclear, looked: { bytes, compared } }: Breach['naming']): string {
  if (unclear > 0)
    return `${inThousands(unclear)} values or places are unclear: they may be chance, or could not be read`
  return bytes > 0 && compared === 0
    ? 'identity.db names nobody, so that nothing could be compared'
    : 'identity.db could not be read, so that nothing could be compared'
}

const lookedAt = ({ naming: { looked } }: Breach): readonly Block[] =>
  looked.parts.length === 0
    ? []
    : [
        text('What was looked at:'),
        { kind: 'list', items: looked.parts },
        text('What was not, and why:'),
        { kind: 'list', items: looked.left },
      ]

const findingsOf = ({ naming }: Breach): readonly Block[] =>
  naming.findings.length === 0
    ? []
    : [
        {
          kind: 'table',
          head: ['where', 'what'],
          rows: naming.findings.map(({ place, message }) => [placeText(place), message]),
        },
      ]

const secretsOf = ({ secrets }: Breach): readonly Block[] =>
  secrets.length === 0
    ? [text('Nothing in the file does.')]
    : [
        {
          kind: 'table',
          head: ['where', 'how many', 'still with effect', 'what it can do', 'what to do'],
          rows: secrets.map(({ place, count, live, power, next }) => [
            place,
            inThousands(count),
            live === null ? 'not known' : inThousands(live),
            power,
            next,
          ]),
        },
      ]

function whomOf({ people }: Breach, contacts?: readonly Contact[]): readonly Block[] {
  const unknown = `${inThousands(people.unknown)} more ids or words in the rows name no user or contact: people who were erased, or words such as "system".`
  if (people.count === 0) return [text('Nobody whom identity.db knows.'), text(unknown)]
  const list: Block = contacts
    ? { kind: 'table', head: ['subject id', 'email'], rows: contacts.map(({ id, email }) => [id, email]) }
    : { kind: 'list', items: people.ids }
  if (!people.areResolved)
    return [
      text(
        `${inThousands(people.count)} ids and words. identity.db could not be read: which of them are people it alone can say.`,
      ),
      list,
    ]
  const hint = contacts ? '' : ' Their addresses come with --with-contacts, which leaves a row in the access log.'
  return [text(`${peopleIn(people.count)}, by subject id.${hint}`), list, text(unknown)]
}
