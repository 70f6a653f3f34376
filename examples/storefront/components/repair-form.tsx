'use client'

import { useState, type FormEvent } from 'react'

type Received = { name: string; size: number; sha256: string }

export function RepairForm() {
  const [received, setReceived] = useState<Received | null>(null)
  const [problem, setProblem] = useState('')

  async function send(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    setReceived(null)
    setProblem('')
    const response = await fetch('/api/upload', { method: 'POST', body: new FormData(event.currentTarget) })
    const answer = await response.json()
    if (response.ok) setReceived(answer)
    else setProblem(answer.error)
  }

  return (
    <form onSubmit={send} className="stack-form">
      <label htmlFor="file">Photo of the piece</label>
      <input id="file" name="file" type="file" accept="image/*" required data-testid="repair-file" />
      <label htmlFor="note">What happened?</label>
      <textarea id="note" name="note" rows={4} data-testid="repair-note" />
      <button className="button" data-testid="repair-send">Send the photo</button>
      <p role="status" data-testid="repair-status">
        {received && `We have ${received.name}, ${received.size} bytes. Reference ${received.sha256.slice(0, 12)}.`}
        {problem}
      </p>
    </form>
  )
}
