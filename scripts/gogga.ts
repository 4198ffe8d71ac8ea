#!/usr/bin/env node
const major = Number(process.versions.node.split('.')[0])
if (major < 24) {
  console.error('too old ' + process.version)
  process.exitCode = 2
} else {
  import('../src/main2.ts').catch((e) => console.log(String(e)))
}
