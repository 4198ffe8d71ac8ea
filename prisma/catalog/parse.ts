// Reads an annotated Prisma schema as text. Prisma's own DMMF has no line numbers, and a reviewer needs the line.

export interface Annotation {
  readonly tag: string
  readonly words: readonly string[]
  readonly options: Readonly<Record<string, string>>
  readonly line: number
}

export interface ParsedField {
  readonly name: string
  readonly type: string
  readonly nullable: boolean
  readonly attributes: string
  readonly annotations: readonly Annotation[]
  /** The first sentence of its comment. */
  readonly about?: string
  readonly line: number
}

export interface ParsedModel {
  readonly name: string
  readonly file: string
  readonly line: number
  readonly about?: string
  readonly annotations: readonly Annotation[]
  readonly fields: readonly ParsedField[]
  /** `@@id`, `@@unique` and `@@index` with their columns. */
  readonly blocks: readonly { readonly kind: string; readonly columns: readonly string[] }[]
}

/** `@link identity.User.id onErase=keep` → tag `link`, words `[identity.User.id]`, options `{onErase: keep}`. */
function parseAnnotation(text: string, line: number): Annotation | undefined {
  const match = /^@(\w+)\s*(.*)$/.exec(text.trim())
  if (!match) return undefined
  const parts = (match[2] ?? '').split(/\s+/).filter(Boolean)
  const options = parts.filter((part) => part.includes('=')).map((part) => part.split('=', 2) as [string, string])
  return {
    tag: match[1] ?? '',
    words: parts.filter((part) => !part.includes('=')),
    options: Object.fromEntries(options),
    line,
  }
}

function parseField(text: string, line: number, { annotations, words }: Comment): ParsedField | undefined {
  const match = /^(\w+)\s+(\w+)(\[\])?(\?)?\s*(.*)$/.exec(text)
  if (!match) return undefined
  const [, name = '', type = '', , optional, attributes = ''] = match
  return { name, type, nullable: optional === '?', attributes, annotations, ...aboutOf(words), line }
}

/** What stands in `///` above a model or column: annotations, and words for people. */
interface Comment {
  readonly annotations: Annotation[]
  readonly words: string[]
}

function aboutOf(words: readonly string[]): { about?: string } {
  const sentence = /^.*?\.(?= |$)/.exec(words.join(' '))?.[0] ?? words.join(' ')
  return sentence === '' ? {} : { about: sentence }
}

function parseBlock(text: string): ParsedModel['blocks'][number] | undefined {
  const match = /^@@(\w+)\(\[([^\]]*)\]/.exec(text)
  if (!match) return undefined
  return {
    kind: match[1] ?? '',
    columns: (match[2] ?? '').split(',').map((column) => column.trim().replace(/\(.*/, '')),
  }
}

interface OpenModel {
  readonly name: string
  readonly line: number
  readonly about?: string
  readonly annotations: readonly Annotation[]
  readonly fields: ParsedField[]
  readonly blocks: ParsedModel['blocks'][number][]
}

/** The models of one schema, in the order of the file. `file` goes into messages. */
export function parseSchema(source: string, file: string): ParsedModel[] {
  const models: ParsedModel[] = []
  let pending: Comment = { annotations: [], words: [] }
  let open: OpenModel | undefined

  for (const [index, raw] of source.split('\n').entries()) {
    const line = index + 1
    const text = raw.trim()
    if (text.startsWith('///')) {
      const annotation = parseAnnotation(text.slice(3), line)
      if (annotation) pending.annotations.push(annotation)
      else pending.words.push(text.slice(3).trim())
      continue
    }
    if (text === '' || text.startsWith('//')) continue
    const start = /^(?:model|view)\s+(\w+)\s*\{$/.exec(text)
    if (start) {
      const { annotations, words } = pending
      open = { name: start[1] ?? '', line, annotations, ...aboutOf(words), fields: [], blocks: [] }
    } else if (open && text === '}') {
      models.push({ ...open, file })
      open = undefined
    } else if (open) parseMember(open, text, line, pending)
    pending = { annotations: [], words: [] }
  }
  return models
}

function parseMember(open: OpenModel, text: string, line: number, comment: Comment): void {
  if (text.startsWith('@@')) add(open.blocks, parseBlock(text))
  else add(open.fields, parseField(text, line, comment))
}

function add<T>(list: T[], item: T | undefined): void {
  if (item !== undefined) list.push(item)
}
