export const revalidate = 60

export const GET = () => new Response('<feed/>', { headers: { 'content-type': 'application/atom+xml' } })
