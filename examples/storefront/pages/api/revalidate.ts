import type { NextApiRequest, NextApiResponse } from 'next'

export const config = { maxDuration: 60 }

export default async function handler(req: NextApiRequest, res: NextApiResponse) {
  if (req.query.secret !== process.env.REVALIDATE_TOKEN) {
    return res.status(401).json({ message: 'Invalid token' })
  }

  try {
    await res.revalidate(String(req.query.path ?? '/'))
    return res.json({ revalidated: true })
  } catch {
    return res.status(500).send('Error revalidating')
  }
}
