// Looks at a unified database before anybody decides to split it.
import { type Advice, advise } from '../ops/advise/advise.ts'
import { counted } from '../ops/advise/words.ts'
import type { Command } from './command.ts'
import { createProgress } from './progress.ts'

export const adviseCommand: Command = {
  usage: 'advise LEGACY.db [--json]',
  summary: 'Say whether a unified database should be split, with the figures that it is judged by. Writes nothing.',
  positionals: { least: 1, most: 1 },
  examples: ['advise dev.db', 'advise dev.db --json'],
  files: 'none',
  async run(args) {
    const [path = ''] = args.positionals
    const now = () => performance.now()
    const progress = createProgress({ now, units: { advise: 'questions' } })
    const onQuestion = (done: number, total: number, what: string) => progress.update('advise', done, total, what)
    let advice: Advice
    try {
      advice = advise(path, { now, onQuestion })
    } finally {
      progress.stop()
    }
    process.stdout.write(args.flag('json') ? `${JSON.stringify(advice)}\n` : printed(advice))
    return 0
  },
}

const WIDTH = 100
const INDENT = '   '

function printed({ path, recommendation, why, ...answers }: Advice): string {
  const { size, roles, compliance, signInLog } = answers
  const lines = [size, roles, compliance, signInLog].map(
    ({ question, yes, because }, nth) => `${nth + 1}. ${question} ${yes ? 'Yes' : 'No'}.\n${wrapped(because)}`,
  )
  const columns = compliance.figures.columns.map(({ table, column, estimated, sampled, rows, kinds }) => {
    const found = Object.entries(kinds).map(([kind, count]) => `${count} ${kind}`)
    const how = sampled === rows ? 'all rows read' : `${sampled} of ${rows} rows read`
    return `${INDENT}${table}.${column}: ${counted(estimated, 'value')} (${found.join(', ')}; ${how})\n`
  })
  lines.splice(3, 0, ...columns)
  const next =
    recommendation === 'split'
      ? `Next: npx gogga split ${quoted(path)} --into data --dry-run\n`
      : 'Ask again when the file has grown, or when somebody else begins to administer.\n'
  return `${lines.join('')}\nRecommendation: ${recommendation}. ${why}\n${next}`
}

/** For the shell. */
const quoted = (path: string): string => (/^[\w./+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`)

function wrapped(text: string): string {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + word.length < WIDTH) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(`${INDENT}${word}`)
  }
  return lines.map((line) => `${line}\n`).join('')
}
