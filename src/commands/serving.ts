// What `start` and `serve` share: one screen with everything that is wrong, and an end that nothing holds up.
import { type Config, examineEnvironment } from '../config.ts'
import type { Context } from '../context.ts'
import { GoggaError } from '../errors.ts'
import { type Server, serve } from '../main.ts'
import { type Finding, findStartProblems, type StartChecksOptions, startScreen } from '../ops/start-checks.ts'
import { signingKeyOf } from './audit-context.ts'
import { endRestores } from './cut-off-restores.ts'
import { servedWork } from './served-work.ts'

export interface CheckedOptions extends StartChecksOptions {
  readonly json: boolean
  readonly presets?: Readonly<Record<string, string>>
}

/** Undefined where the server cannot start; what is wrong was told, warnings as well. */
export async function checkedConfig({ json, presets, ...options }: CheckedOptions): Promise<Config | undefined> {
  const { config, problems } = examineEnvironment(undefined, undefined, presets)
  // Before anything looks at the files: one that was cut off in the middle of a restore gets its end.
  if (problems.length === 0) endRestores(config.paths)
  const findings = [...(await findStartProblems(config, problems, options)), ...examineSigningKey(config)]
  if (findings.length > 0) process.stderr.write(startScreen(findings))
  if (!findings.some(({ level }) => level === 'error')) return config
  if (json) process.stdout.write(`${JSON.stringify({ findings })}\n`)
  return undefined
}

/** Not among the checks of ops/: keys that sign are a matter of compliance/. */
function examineSigningKey(config: Config): readonly Finding[] {
  try {
    signingKeyOf(config)
    return []
  } catch (cause) {
    if (!(cause instanceof GoggaError)) throw cause
    return [
      { group: 'signing key', level: 'error', message: cause.message, hint: cause.hint ?? 'Correct it or unset it.' },
    ]
  }
}

/** With its work in the background, and what metrics tell of it. Throws UsageError where the backup policy does not fit. */
export const serveMeasured = async (context: Context): Promise<Server> => serve(context, servedWork(context))

const GRACE_MS = 300

/** What was left behind at the end, such as a call that nobody answers, must not keep the process. */
export async function untilClosed(server: Server): Promise<void> {
  try {
    await server.closed
  } finally {
    setTimeout(() => process.exit(), GRACE_MS).unref()
  }
}
