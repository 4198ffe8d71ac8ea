// What the proof looks for: values that were the person's alone. A value that somebody else has too (an address that passed
// on, an IP of a household) cannot be absent, and says nothing of the person any more.
import type { Rows } from '../../database/rows.ts'
import type { TakenValues } from '../../identity/erasure.ts'
import { formsOf, plainForm } from './forms.ts'
import type { Needle } from './search.ts'

export interface Needles {
  readonly needles: readonly Needle[]
  /** Values that are somebody else's as well, or too short to say anything. */
  readonly left: number
}

const SHORTEST = 6
const HOLDERS: Readonly<Record<keyof TakenValues, readonly (readonly [table: string, column: string])[]>> = {
  emails: [
    ['User', 'email'],
    ['Contact', 'email'],
    ['AuthLog', 'email'],
    ['LoginToken', 'email'],
    ['DetachedValue', 'value'],
  ],
  ips: [
    ['AuthLog', 'ip'],
    ['AdminLogOrigin', 'ip'],
    ['DetachedValue', 'value'],
  ],
  texts: [
    ['DetachedValue', 'value'],
    ['DetachedValue', 'raw'],
    ['User', 'email'],
    ['Contact', 'email'],
  ],
}

/** Looks through what identity.db holds now, after the erasure. */
export function needlesOf(rows: Rows<'identity'>, values: TakenValues): Needles {
  const needles: Needle[] = []
  let left = 0
  const emails = new Set(values.emails.map(plainForm))
  // An address that was detached from a text is looked for as an address.
  const once = { ...values, texts: values.texts.filter((text) => !emails.has(plainForm(text))) }
  for (const kind of ['emails', 'ips', 'texts'] as const) {
    // Spellings that differ in case are one value; encodings of them differ.
    const spelled = Map.groupBy(once[kind], plainForm)
    const held = holding(rows, kind, [...spelled.keys()])
    for (const [form, spellings] of spelled) {
      const within = held.get(form) ?? []
      if (form.length < SHORTEST || within.includes(form)) left += 1
      else {
        const forms = kind === 'emails' ? [form, ...spellings.flatMap(formsOf)] : [form]
        needles.push({ kind: kind.slice(0, -1), forms: [...new Set(forms)], within })
      }
    }
  }
  return { needles, left }
}

/** Values of others that hold one of these, by the one that they hold. */
function holding(rows: Rows<'identity'>, kind: keyof TakenValues, forms: readonly string[]): Map<string, string[]> {
  const found = new Map<string, string[]>()
  if (forms.length === 0) return found
  for (const [table, column] of HOLDERS[kind]) {
    const sql = `select distinct k.value as form, t."${column}" as holder from "${table}" t join json_each(?) k
      on instr(lower(t."${column}"), k.value) > 0 where t."${column}" is not null`
    for (const { form, holder } of rows.all<{ form: string; holder: string }>(sql, JSON.stringify(forms)))
      found.set(form, [...(found.get(form) ?? []), plainForm(holder)])
  }
  return found
}
