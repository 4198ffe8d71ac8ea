#!/usr/bin/env node
// Runs at `prisma generate`: reads the annotations of all three schemas, refuses what does not fit with file and line,
// and writes src/generated/catalog.ts. Each of the three runs writes the same file, whole or not at all.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import generatorHelper from '@prisma/generator-helper'
import { buildCatalog, DOMAINS } from './catalog/build.ts'
import { parseSchema } from './catalog/parse.ts'
import { printCatalog } from './catalog/print.ts'

generatorHelper.generatorHandler({
  onManifest: () => ({ prettyName: 'the catalog', defaultOutput: '../src/generated' }),
  onGenerate: async ({ generator, schemaPath }) => {
    const folder = dirname(schemaPath)
    const schemas = DOMAINS.map((domain) => {
      const file = join(folder, `${domain}.prisma`)
      return { domain, models: parseSchema(readFileSync(file, 'utf8'), relative(dirname(folder), file)) }
    })
    const { models, problems } = buildCatalog(schemas)
    if (problems.length > 0)
      throw new Error(problems.map(({ file, line, message }) => `\n  ${file}:${line}  ${message}`).join(''))
    const output = generator.output?.value ?? join(folder, '../src/generated')
    writeWhole(
      join(output, 'catalog.ts'),
      printCatalog(models, readFileSync(join(import.meta.dirname, 'catalog/types.ts'), 'utf8')),
    )
  },
})

function writeWhole(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  const beside = `${path}.${process.pid}`
  writeFileSync(beside, text)
  renameSync(beside, path)
}
