export type Category = 'cups' | 'bowls' | 'vases' | 'plates'

export type Product = {
  slug: string
  name: string
  category: Category
  cents: number
  glaze: string
  size: string
  summary: string
  description: string
  madeToOrder: boolean
}

export const categories: { slug: Category; name: string; intro: string }[] = [
  { slug: 'cups', name: 'Cups', intro: 'Thrown thin, balanced in the hand, and safe in the dishwasher.' },
  { slug: 'bowls', name: 'Bowls', intro: 'From a pinch of salt to a whole pot of ramen.' },
  { slug: 'vases', name: 'Vases', intro: 'Quiet shapes that wait for a single branch.' },
  { slug: 'plates', name: 'Plates', intro: 'Low rims, soft whites and one good cake stand.' },
]

export const pieces: Product[] = [
  {
    slug: 'dune-mug', name: 'Dune Mug', category: 'cups', cents: 2800, glaze: 'sand', size: '320 ml, 9 cm tall', madeToOrder: false,
    summary: 'A broad mug with a sand glaze and a bare foot.',
    description: 'The mug we drink from ourselves. The wall is thin at the lip and thicker at the foot, so coffee stays warm for longer than it should.',
  },
  {
    slug: 'harbour-espresso-cup', name: 'Harbour Espresso Cup', category: 'cups', cents: 3400, glaze: 'harbour', size: '80 ml, with saucer', madeToOrder: false,
    summary: 'A small blue cup that comes with its own saucer.',
    description: 'Glazed in the blue of the boats below the studio. The saucer has a shallow well, so the cup never slides.',
  },
  {
    slug: 'moss-tumbler', name: 'Moss Tumbler', category: 'cups', cents: 2400, glaze: 'moss', size: '280 ml, 11 cm tall', madeToOrder: false,
    summary: 'A straight tumbler for water, wine or toothbrushes.',
    description: 'The glaze breaks from olive to brown where the wall is ribbed. The lower third is left bare and feels like fine sandpaper.',
  },
  {
    slug: 'tide-bowl', name: 'Tide Bowl', category: 'bowls', cents: 4600, glaze: 'tide', size: '1.2 l, 24 cm wide', madeToOrder: false,
    summary: 'A wide serving bowl with one pale line at the tide mark.',
    description: 'Made for salads and for fruit. The white line is drawn by hand on the turning wheel, and no two are at quite the same height.',
  },
  {
    slug: 'ember-ramen-bowl', name: 'Ember Ramen Bowl', category: 'bowls', cents: 4200, glaze: 'ember', size: '900 ml, 18 cm wide', madeToOrder: false,
    summary: 'A deep bowl on a dark foot that keeps soup hot.',
    description: 'An iron glaze over black clay. The tall foot keeps your fingers away from the heat when you carry it to the table.',
  },
  {
    slug: 'salt-pinch-bowl', name: 'Salt Pinch Bowl', category: 'bowls', cents: 1400, glaze: 'salt', size: '60 ml, 8 cm wide', madeToOrder: true,
    summary: 'A white bowl the size of a palm, for salt or rings.',
    description: 'Pinched rather than thrown, so every rim wanders a little. We make them in small batches when someone asks.',
  },
  {
    slug: 'reed-vase', name: 'Reed Vase', category: 'vases', cents: 6400, glaze: 'moss', size: '28 cm tall', madeToOrder: false,
    summary: 'A tall vase in sage green with a bare clay base.',
    description: 'A narrow neck holds stems upright without wire. The glaze stops where the pot was dipped, and we never trim the line.',
  },
  {
    slug: 'pebble-bud-vase', name: 'Pebble Bud Vase', category: 'vases', cents: 3200, glaze: 'salt', size: '12 cm tall', madeToOrder: false,
    summary: 'A flat grey vase for exactly one stem.',
    description: 'Modelled on the stones from the beach at the end of the road. Heavy enough to stay put with a long branch.',
  },
  {
    slug: 'lantern-vase', name: 'Lantern Vase', category: 'vases', cents: 8800, glaze: 'ember', size: '34 cm tall', madeToOrder: true,
    summary: 'A full-bodied vase with brushed cream bands.',
    description: 'Thrown in two parts and joined while the clay is soft. It takes three weeks to dry, so each one is made to order.',
  },
  {
    slug: 'shoreline-dinner-plate', name: 'Shoreline Dinner Plate', category: 'plates', cents: 3800, glaze: 'salt', size: '27 cm wide', madeToOrder: false,
    summary: 'A pale plate with a blue line along the rim.',
    description: 'The rim is low enough to stack and high enough to catch sauce. The blue line is cobalt, put on with a long-haired brush.',
  },
  {
    slug: 'clay-cake-stand', name: 'Clay Cake Stand', category: 'plates', cents: 7200, glaze: 'sand', size: '26 cm wide, 15 cm tall', madeToOrder: true,
    summary: 'A footed stand that makes any cake look deliberate.',
    description: 'Unglazed outside and sealed on top. We throw the foot and the plate on the same day and join them the next morning.',
  },
  {
    slug: 'linen-side-plate', name: 'Linen Side Plate', category: 'plates', cents: 2600, glaze: 'sand', size: '18 cm wide, sold as a pair', madeToOrder: false,
    summary: 'A pair of small plates in an off-white glaze.',
    description: 'For toast, for cheese, for under a cup. The edge is left brown where the glaze thins out in the firing.',
  },
]
