export const dynamic = 'force-dynamic'

function countVisit() {
  return new Response(null, { status: 204 })
}

export { countVisit as GET, countVisit as POST }
