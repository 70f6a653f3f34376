export const getServerSideProps = () => ({ props: { now: Date.now() } })

export default function Page({ now }) {
  return <p>{now}</p>
}
