import {
  DETECTED_KINDS,
  type DetectorReport,
  LEAST_PRECISION,
  LEAST_RECALL,
  measureDetectors,
  readCorpus,
  type Score,
  type Scores,
} from '../compliance/audit/detectors.ts'
import type { Command } from './command.ts'

export const detectorsCommand: Command = {
  usage: 'audit detectors [--json]',
  summary:
    'How precisely and completely the detectors find personal information, on the labelled corpus (POPIA section 19).',
  examples: ['audit detectors', 'audit detectors --json'],
  files: 'none',
  async run(args) {
    const report = measureDetectors(readCorpus())
    process.stdout.write(args.flag('json') ? `${JSON.stringify(report)}\n` : textOf(report))
    return report.passed ? 0 : 1
  },
}

function textOf({ lines, writes, passed, ...audit }: DetectorReport): string {
  const bounds = `precision at least ${LEAST_PRECISION}, recall at least ${LEAST_RECALL}, in total and held out`
  return [
    `${lines} lines of corpus/detectors.jsonl`,
    ...tableOf('The audit of values, in columns of text', audit),
    ...tableOf('Before each write, and at split', writes),
    `${passed ? 'passed' : 'FAILED'}: ${bounds}\n`,
  ].join('\n')
}

function tableOf(heading: string, { total, heldOut, kinds, mistakes }: Scores): readonly string[] {
  const scores: (readonly [string, Score])[] = [
    ...DETECTED_KINDS.map((kind) => [kind, kinds[kind]] as const),
    ['total', total],
    ['held out', heldOut],
  ]
  const rows = scores.map(([name, { found, wrong, missed, precision, recall }]) =>
    [name.padEnd(8), ratio(precision), ratio(recall), count(found), count(wrong), count(missed)].join('  '),
  )
  const where = mistakes.map(({ form, kind, wrong, missed }) => `  ${form}: ${kind}, ${wrong} wrong, ${missed} missed`)
  return [
    heading,
    'kind      precision  recall     found   wrong  missed',
    ...rows,
    ...(where.length > 0 ? ['Mistakes:', ...where] : []),
    '',
  ]
}

const ratio = (value: number): string => value.toFixed(4).padEnd(9)
const count = (value: number): string => String(value).padStart(6)
