// The `images` block comes from the test, which starts `next start` several
// times over one build; Next reads this file at start, too.
module.exports = {
  images: JSON.parse(process.env.PACK_TEST_IMAGES || '{}'),
}
