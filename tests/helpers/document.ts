// What pages under docs/ say of commands and places, held against what there is.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { vi } from 'vitest'
import { main, VERBS } from '../../src/commands/gogga.ts'

/** `audit verify --verify-against FILE`, each once. */
export const commandsIn = (document: string): readonly string[] => [
  ...new Set([...document.matchAll(/npx gogga ([a-z][^`\n|>#;)]*)/g)].map(([, words = '']) => words.trim())),
]

/** What is wrong with a command: a verb or an option that there is not. */
export async function faultsOf(words: string): Promise<readonly string[]> {
  const [first = '', second = ''] = words.split(' ')
  const verb = [`${first} ${second}`, first].find((one) => VERBS.includes(one))
  if (verb === undefined) return [`${first} is not a verb of ${VERBS.join(', ')}`]
  const help = await helpOf(verb)
  const options = [...words.matchAll(/--[\w-]+/g)].map(([option]) => option)
  return options.filter((option) => !new RegExp(`${option}\\b`).test(help)).map((option) => `${verb} has no ${option}`)
}

/** Links to files and headings that are not there. `folder`: of the document. */
export function brokenLinks(document: string, folder: string): readonly string[] {
  const anchors = [...document.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) => slug(title))
  return [...document.matchAll(/\]\(([^)#]*)(?:#([^)]*))?\)/g)].flatMap(([, path = '', anchor = '']) => {
    const isThere = path === '' ? anchors.includes(anchor) : existsSync(join(folder, path))
    return isThere ? [] : [`${path}#${anchor}`]
  })
}

const slug = (title: string): string =>
  title
    .toLowerCase()
    .replaceAll(/[^\w -]/g, '')
    .replaceAll(' ', '-')

/** In this process: a child for each verb would cost seconds. */
async function helpOf(verb: string): Promise<string> {
  let help = ''
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    help += String(chunk)
    return true
  })
  try {
    await main([...verb.split(' '), '--help'])
  } finally {
    spy.mockRestore()
  }
  return help
}
