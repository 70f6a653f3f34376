export const getStaticPaths = () => ({ paths: [{ params: { name: 'first' } }], fallback: 'blocking' })
export const getStaticProps = ({ params }) => ({ props: { name: params.name }, revalidate: 4 })

export default function Page({ name }) {
  return <h1>{name ?? 'loading'}</h1>
}
