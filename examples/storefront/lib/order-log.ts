import { appendFile, readFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'

export type LogEntry = { event: string; id: string; at: string; [field: string]: unknown }

function logPath(): string {
  return process.env.ORDER_LOG || path.join(os.tmpdir(), 'storefront-orders.log')
}

export async function appendEntry(event: string, id: string, fields: Record<string, unknown> = {}): Promise<void> {
  const entry: LogEntry = { event, id, at: new Date().toISOString(), ...fields }
  await appendFile(/* turbopackIgnore: true */ logPath(), `${JSON.stringify(entry)}\n`)
}

export async function lastEntries(limit: number): Promise<LogEntry[]> {
  const text = await readFile(/* turbopackIgnore: true */ logPath(), 'utf8').catch(() => '')
  return text
    .split('\n')
    .filter(Boolean)
    .slice(-limit)
    .map((line) => JSON.parse(line) as LogEntry)
}
