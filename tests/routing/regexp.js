'use strict'

// Matches patterns with JavaScript's own engine: one JSON object in, one out,
// per line. A group that took no part is null.

const readline = require('node:readline')

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const { pattern, fold, subject } = JSON.parse(line)
    let answer
    try {
      const match = subject.match(new RegExp(pattern, fold ? 'i' : ''))
      answer = { valid: true, groups: match && [...match].map((group) => group ?? null) }
    } catch {
      answer = { valid: false }
    }
    process.stdout.write(JSON.stringify(answer) + '\n')
  }
}

main()
