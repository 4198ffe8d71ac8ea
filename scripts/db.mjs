// npm run db -- COMMAND…: runs a command of Prisma's CLI for each domain, or for the one that --domain names.
// Plain JavaScript: it also runs under the machine's own, older Node.
import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runAttached } from './child.mjs'
import { DOMAINS, ensureInstalled, ROOT, toolEnvironment } from './setup.mjs'

const HELP = `Runs a command of Prisma's CLI for identity, billing and admin, in this order, and stops at the first failure.

  npm run db -- [--domain identity|billing|admin] COMMAND…

{domain} in COMMAND stands for the domain's name. The files are those of IDENTITY_DB_URL, BILLING_DB_URL and
ADMIN_DB_URL (file:…), or data/<domain>/<domain>.db.

Examples
  npm run db -- migrate deploy                               apply what is missing to all three files
  npm run db -- migrate status                               what is applied and what is not
  npm run db -- --domain billing migrate dev --name refunds  make a migration from a changed billing.prisma
  npm run db -- migrate diff --from-migrations prisma/migrations/{domain} --to-schema prisma/{domain}.prisma --exit-code
  npm run db -- --domain admin migrate resolve --rolled-back 20261122193703_init
  npm run db -- --domain admin migrate --help                Prisma's own help

Exit code: 0 done, 2 wrong use, otherwise the one of Prisma's CLI where it failed.`

/** `{ domains, command }`, or `{ problem }` with what is wrong and what was expected. */
export function parse(args) {
  const at = args.findIndex((arg) => arg === '--domain' || arg.startsWith('--domain='))
  if (at === -1) return checked(DOMAINS, args)
  const [, inline] = args[at].split('=')
  const command = args.filter((_, index) => index !== at && !(inline === undefined && index === at + 1))
  const domain = inline ?? args[at + 1]
  if (!DOMAINS.includes(domain)) {
    return { problem: `--domain is ${domain ? `"${domain}"` : 'empty'}; expected ${DOMAINS.join(', ')}.` }
  }
  return checked([domain], command)
}

function checked(domains, command) {
  if (command.length > 0) return { domains, command }
  return { problem: "A command of Prisma's CLI is missing, such as migrate deploy." }
}

/** Answers the exit code. */
async function runForEach({ domains, command }) {
  for (const [index, domain] of domains.entries()) {
    const args = command.map((arg) => arg.replaceAll('{domain}', domain))
    console.error(`\n${domain}: prisma ${args.join(' ')}`)
    const env = { ...toolEnvironment(), GOGGA_DOMAIN: domain }
    const { code } = await runAttached(join(ROOT, 'node_modules/.bin/prisma'), args, { cwd: ROOT, env })
    if (code !== 0) {
      const left = domains.slice(index + 1)
      const rest = left.length > 0 ? ` Not run: ${left.join(', ')}.` : ''
      console.error(`\nprisma ${args.join(' ')} failed for ${domain} with exit code ${code}.${rest}`)
      return code
    }
  }
  return 0
}

async function main(args) {
  if (args.length === 0 || ['--help', '-h', 'help'].includes(args[0])) {
    console.log(HELP)
    return 0
  }
  const parsed = parse(args)
  if (parsed.problem) {
    console.error(`${parsed.problem} npm run db -- --help shows examples.`)
    return 2
  }
  await ensureInstalled()
  return runForEach(parsed)
}

if (realpathSync(process.argv[1]) === fileURLToPath(import.meta.url))
  process.exitCode = await main(process.argv.slice(2))
