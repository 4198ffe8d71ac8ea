// The texts of a JSON value with their paths. Paths go into reports, so a key that is not made of known words stands there as
// `*`, and is looked at like a text; so do indexes.
import { isFieldName } from './key-names.ts'

export interface Leaf {
  /** `$.items[*].note`. */
  readonly path: string
  readonly text: string
  /** The key says that an id, a code or a token follows: see closeness `key`. */
  readonly isKey: boolean
}

const MOST_LEAVES = 100_000
const NESTED = 2
/** The words that end a key whose value is an id, a code or a token: `userId`, `batch_ids`, `pf-token`; not `kids` or `postcode`. */
const KEY_WORDS: ReadonlySet<string> = new Set(
  'id ids uuid uuids code codes token tokens hash hashes key keys ref refs reference references signature checksum'.split(
    ' ',
  ),
)
/** Before them: then the id is a person's own. `nationalId`, `rsa_id`, `cardToken`. */
const OF_PEOPLE: ReadonlySet<string> = new Set(
  'national nation identity citizen rsa sa za said passport person personal tax card phone mobile cell msisdn email mail ip'.split(
    ' ',
  ),
)
const wordsOfKey = /[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+/g
const jsonLike = /^\s*[[{"]/

/** Undefined where the text is no JSON object, list or string. */
export function leavesOf(text: string): Leaf[] | undefined {
  const value = parsed(text)
  if (value === undefined) return undefined
  const leaves: Leaf[] = []
  const left: Node[] = [{ path: '$', value, isKey: false, nested: 0 }]
  for (let node = left.pop(); node !== undefined && leaves.length < MOST_LEAVES; node = left.pop())
    visit(node, left, leaves)
  return leaves
}

interface Node {
  readonly path: string
  readonly value: unknown
  readonly isKey: boolean
  readonly nested: number
}

function visit(node: Node, left: Node[], leaves: Leaf[]): void {
  const { path, value, isKey } = node
  if (typeof value === 'string') visitText(node, value, left, leaves)
  else if (typeof value === 'number') leaves.push({ path, text: String(value), isKey })
  else if (Array.isArray(value)) for (const item of value) left.push({ ...node, path: `${path}[*]`, value: item })
  else if (typeof value === 'object' && value !== null) visitObject(node, value, left, leaves)
}

function visitText({ path, isKey, nested }: Node, text: string, left: Node[], leaves: Leaf[]): void {
  const inner = nested < NESTED ? parsed(text) : undefined
  if (inner === undefined || typeof inner === 'string') leaves.push({ path, text, isKey })
  else left.push({ path: `${path}(json)`, value: inner, isKey, nested: nested + 1 })
}

function visitObject({ path, nested }: Node, value: object, left: Node[], leaves: Leaf[]): void {
  for (const [key, item] of Object.entries(value)) {
    const isPlain = isFieldName(key)
    const inner = `${path}.${isPlain ? key : '*'}`
    if (!isPlain) leaves.push({ path: `${inner} (key)`, text: key, isKey: false })
    left.push({ path: inner, value: item, isKey: namesKey(key), nested })
  }
}

/** Whether a key says so itself that an id, a code or a token follows: its last word, at a boundary of words. */
export function namesKey(key: string): boolean {
  const words = key.match(wordsOfKey)?.map((word) => word.toLowerCase()) ?? []
  return KEY_WORDS.has(words.at(-1) ?? '') && !words.slice(0, -1).some((word) => OF_PEOPLE.has(word))
}

function parsed(text: string): unknown {
  if (!jsonLike.test(text)) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
