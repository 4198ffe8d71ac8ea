// The rules between the files of src/, as a pure function over their sources, so that the test can plant violations.
import { posix } from 'node:path'
import { parseAst } from 'vitest/node'

export interface Violation {
  path: string
  rule: 'rank' | 'environment' | 'default export' | 'cycle' | 'name' | 'length' | 'import' | 'syntax'
  message: string
}

/** Sources by path from the project's folder, with `/`: `{ 'src/config.ts': '…' }`. */
export type Sources = Record<string, string>

/** A unit is a folder directly under src/, or one of its files without the ending. */
const RANKS: Record<string, number> = {
  config: 0,
  errors: 0,
  generated: 0,
  pii: 0,
  database: 1,
  mail: 1,
  payfast: 1,
  identity: 2,
  billing: 2,
  admin: 2,
  join: 3,
  saga: 3,
  compliance: 4,
  ops: 4,
  transfer: 4,
  context: 5,
  http: 6,
  main: 7,
  commands: 7,
}
/** Units of one rank that may import each other: what everything starts from, and what starts everything. */
const TOGETHER = [
  ['config', 'errors', 'generated', 'pii'],
  ['main', 'commands'],
]
const MAX_LINES = 300

interface Reference {
  /** Path from the project's folder; undefined where only the run decides it. */
  target: string | undefined
  /** An import of the language; `new URL('./worker.ts', import.meta.url)` is a reference but cannot make a cycle. */
  isImport: boolean
}

export function findViolations(sources: Sources): Violation[] {
  const parsed = Object.entries(sources).map(([path, source]) => inspect(path, source))
  const imports = new Map(parsed.map(({ path, imports }) => [path, imports]))
  return [...parsed.flatMap(({ violations }) => violations), ...findCycles(imports)]
}

function inspect(path: string, source: string) {
  const nodes = parse(source)
  if (nodes instanceof Error) return { path, imports: [], violations: [violation(path, 'syntax', nodes.message)] }
  const references = nodes.flatMap((node) => referenceOf(path, node) ?? [])
  const violations = [
    ...checkName(path),
    ...checkLength(path, source),
    ...checkUnit(path),
    ...nodes.flatMap((node) => checkNode(path, node)),
    ...references.flatMap(({ target }) => checkReference(path, target)),
  ]
  const imports = references.flatMap(({ target, isImport }) => (isImport && target !== undefined ? [target] : []))
  return { path, imports, violations }
}

function violation(path: string, rule: Violation['rule'], message: string): Violation {
  return { path, rule, message }
}

function parse(source: string): Node[] | Error {
  try {
    return [...nodesOf(parseAst(source, { lang: 'ts' }))]
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

function checkUnit(path: string): Violation[] {
  const unit = unitOf(path)
  return unit in RANKS ? [] : [violation(path, 'rank', `src/${unit} has no rank: add it to the table of ranks`)]
}

function checkNode(path: string, node: Node): Violation[] {
  if (isDefaultExport(node)) return [violation(path, 'default export', 'export it by name')]
  if (path === 'src/config.ts' || !readsEnvironment(node)) return []
  return [violation(path, 'environment', 'process.env is read in src/config.ts only')]
}

function checkReference(path: string, target: string | undefined): Violation[] {
  if (target === undefined) {
    return [violation(path, 'import', 'a dynamic import needs a literal, so that its rank can be seen')]
  }
  const problem = rankProblem(path, target)
  return problem ? [violation(path, 'rank', problem)] : []
}

function rankProblem(path: string, target: string): string | undefined {
  // The package's own manifest carries name and version and imports nothing.
  if (target === 'package.json') return undefined
  if (!target.startsWith('src/')) return `imports ${target}: src/ imports nothing of the project from outside src/`
  const [from, to] = [unitOf(path), unitOf(target)]
  if (from === to || TOGETHER.some((units) => units.includes(from) && units.includes(to))) return undefined
  const [own, other] = [RANKS[from], RANKS[to]]
  if (own === undefined || other === undefined || other < own) return undefined
  return `src/${from} (rank ${own}) imports ${target} (rank ${other}): only lower ranks and the own folder are allowed`
}

function unitOf(path: string): string {
  const [, first = ''] = path.split('/')
  return first.replace(/\.ts$/, '')
}

function checkName(path: string): Violation[] {
  const isKebab = path.split('/').every((part) => /^[a-z0-9]+(-[a-z0-9]+)*(\.ts)?$/.test(part))
  return isKebab ? [] : [{ path, rule: 'name', message: 'files and folders are named in kebab-case' }]
}

function checkLength(path: string, source: string): Violation[] {
  const lines = source.trimEnd().split('\n').length
  return lines <= MAX_LINES
    ? []
    : [{ path, rule: 'length', message: `has ${lines} lines, at most ${MAX_LINES} are allowed` }]
}

type Node = Record<string, unknown> & { type: string }

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}

function* nodesOf(value: unknown): Generator<Node> {
  if (isNode(value)) yield value
  if (typeof value !== 'object' || value === null) return
  for (const child of Object.values(value)) yield* nodesOf(child)
}

const IMPORTS = [
  'ImportDeclaration',
  'ExportAllDeclaration',
  'ExportNamedDeclaration',
  'ImportExpression',
  'TSImportType',
]

/** What a node refers to inside the project. Packages are none of it, and `export const a` refers to nothing. */
function referenceOf(path: string, node: Node): Reference | undefined {
  const isImport = IMPORTS.includes(node.type)
  const address = isImport ? node.source : addressOfWorker(node)
  if (!isNode(address)) return undefined
  const text = textOf(address)
  if (text === undefined) return { target: undefined, isImport }
  return text.startsWith('.') ? { target: posix.join(posix.dirname(path), text), isImport } : undefined
}

function addressOfWorker(node: Node): unknown {
  if (node.type !== 'NewExpression' || nameOf(node.callee) !== 'URL' || !Array.isArray(node.arguments)) return undefined
  const [address] = node.arguments
  return textOf(address)?.endsWith('.ts') ? address : undefined
}

function isDefaultExport(node: Node): boolean {
  return (
    node.type === 'ExportDefaultDeclaration' || (node.type === 'ExportSpecifier' && nameOf(node.exported) === 'default')
  )
}

function readsEnvironment(node: Node): boolean {
  if (node.type === 'MemberExpression') return nameOf(node.property) === 'env' && isProcess(node.object)
  if (node.type === 'VariableDeclarator') {
    const isTaken = [...nodesOf(node.id)].some((part) => part.type === 'Property' && nameOf(part.key) === 'env')
    return isTaken && isProcess(node.init)
  }
  const isOfProcess = node.type === 'ImportDeclaration' && /^(node:)?process$/.test(textOf(node.source) ?? '')
  return isOfProcess && [...nodesOf(node.specifiers)].some((part) => nameOf(part.imported) === 'env')
}

function isProcess(value: unknown): boolean {
  if (nameOf(value) === 'process') return true
  return isNode(value) && value.type === 'MemberExpression' && nameOf(value.property) === 'process'
}

/** The name of an identifier, or the text of a string that stands for one. */
function nameOf(value: unknown): string | undefined {
  if (isNode(value) && value.type === 'Identifier' && typeof value.name === 'string') return value.name
  return textOf(value)
}

function textOf(value: unknown): string | undefined {
  return isNode(value) && value.type === 'Literal' && typeof value.value === 'string' ? value.value : undefined
}

/** Circles by a walk into the depth, each at the file where the walk enters it. Circles of types count: they tie files too. */
function findCycles(imports: Map<string, string[]>): Violation[] {
  const violations: Violation[] = []
  const done = new Set<string>()
  const trail: string[] = []
  const visit = (path: string) => {
    const start = trail.indexOf(path)
    if (start >= 0) {
      const circle = [...trail.slice(start), path].join(' → ')
      violations.push({ path, rule: 'cycle', message: `imports itself: ${circle}` })
    }
    if (start >= 0 || done.has(path)) return
    trail.push(path)
    for (const target of imports.get(path) ?? []) visit(target)
    trail.pop()
    done.add(path)
  }
  for (const path of imports.keys()) visit(path)
  return violations
}
