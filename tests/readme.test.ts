// The README is complete: every command, script and environment name that there is.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { VERBS } from '../src/commands/gogga.ts'
import { ENVIRONMENT_NAMES } from '../src/config.ts'

const ROOT = join(import.meta.dirname, '..')
const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')

it.each([...ENVIRONMENT_NAMES, 'GOGGA_DOMAIN'])('names the environment variable %s', (name) => {
  expect(readme).toContain(`\`${name}\``)
})

it.each(VERBS)('names the command gogga %s', (verb) => {
  expect(readme).toContain(`npx gogga ${verb}`)
})

const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> }

it.each(Object.keys(scripts))('names the script %s', (name) => {
  expect(readme).toMatch(new RegExp(`npm (run )?${name}\\b`))
})
