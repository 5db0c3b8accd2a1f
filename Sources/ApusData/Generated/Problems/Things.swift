// The things that are counted in problems, and what holds them. All are told in the plural; every amount is at least 2.

/// Things that can be counted.
struct Goods {
  /// `apples`.
  let many: String
  /// What a number of them comes in: `basket`, `baskets`.
  let holder: String
  let holders: String

  init(_ many: String, _ holder: String, _ holders: String? = nil) {
    self.many = many
    self.holder = holder
    self.holders = holders ?? holder + "s"
  }

  /// Things somebody has, gets, gives away.
  static let all = [
    Goods("apples", "basket"), Goods("pears", "crate"), Goods("oranges", "bag"), Goods("lemons", "bowl"),
    Goods("plums", "basket"), Goods("cherries", "bowl"), Goods("nuts", "bag"), Goods("acorns", "pile"),
    Goods("eggs", "carton"), Goods("cookies", "jar"), Goods("muffins", "tray"), Goods("buns", "tray"),
    Goods("candies", "bag"), Goods("cupcakes", "box", "boxes"), Goods("marbles", "bag"),
    Goods("beads", "string"),
    Goods("buttons", "tin"), Goods("coins", "purse"), Goods("stamps", "page"), Goods("stickers", "sheet"),
    Goods("cards", "pack"), Goods("books", "shelf", "shelves"), Goods("comics", "pile"),
    Goods("photos", "album"),
    Goods("pencils", "box", "boxes"), Goods("crayons", "box", "boxes"), Goods("pens", "cup"),
    Goods("blocks", "box", "boxes"),
    Goods("toy cars", "box", "boxes"), Goods("dolls", "shelf", "shelves"),
    Goods("balloons", "bunch", "bunches"),
    Goods("shells", "bucket"), Goods("stones", "bucket"), Goods("feathers", "bag"), Goods("flowers", "vase"),
    Goods("roses", "bunch", "bunches"), Goods("tulips", "pot"), Goods("seeds", "packet"),
    Goods("carrots", "bunch", "bunches"),
    Goods("potatoes", "sack"), Goods("onions", "net"), Goods("tomatoes", "tray"), Goods("pumpkins", "cart"),
    Goods("bottles", "crate"), Goods("candles", "box", "boxes"), Goods("keys", "ring"),
    Goods("ribbons", "drawer"),
    Goods("socks", "drawer"), Goods("hats", "rack"), Goods("tickets", "roll"), Goods("magnets", "board"),
    Goods("puzzles", "stack"), Goods("rings", "case"), Goods("leaves", "heap"), Goods("bricks", "stack"),
    Goods("nails", "tin"), Goods("screws", "tin"), Goods("tiles", "stack"), Goods("sandwiches", "plate"),
    Goods("peaches", "basket"),
  ]

  /// A shop sells them: one, many, and a price that is not absurd.
  static let sold: [(one: String, many: String)] = [
    ("a book", "books"), ("a ball", "balls"), ("a kite", "kites"), ("a doll", "dolls"),
    ("a puzzle", "puzzles"),
    ("a cap", "caps"), ("a scarf", "scarves"), ("a mug", "mugs"), ("a lamp", "lamps"), ("a plant", "plants"),
    ("a notebook", "notebooks"), ("a pen", "pens"), ("a brush", "brushes"), ("a paint set", "paint sets"),
    ("a cake", "cakes"), ("a pie", "pies"), ("a loaf of bread", "loaves of bread"), ("a pizza", "pizzas"),
    ("a bag of rice", "bags of rice"), ("a jar of honey", "jars of honey"), ("a box of tea", "boxes of tea"),
    ("a bottle of juice", "bottles of juice"), ("a melon", "melons"), ("a ticket", "tickets"),
    ("a toy train", "toy trains"),
    ("a shirt", "shirts"), ("a belt", "belts"), ("a basket", "baskets"), ("a bucket", "buckets"),
    ("a rope", "ropes"),
    ("a candle", "candles"), ("a plate", "plates"), ("a pillow", "pillows"), ("a game", "games"),
    ("a mask", "masks"),
    ("a drum", "drums"), ("a flute", "flutes"), ("an umbrella", "umbrellas"), ("a poster", "posters"),
    ("a fan", "fans"),
  ]

}

/// A place where things are, or come and go.
struct Store {
  /// With its preposition: `in the park`.
  let place: String
  let goods: [String]
  /// Whether they come and go by themselves.
  let isAlive: Bool

  init(_ place: String, _ goods: [String], isAlive: Bool = false) {
    self.place = place
    self.goods = goods
    self.isAlive = isAlive
  }

  static let all = [
    Store("in the shop", ["apples", "books", "pens", "balls", "lamps", "hats", "toys", "cards"]),
    Store("in the library", ["books", "comics", "maps", "films"]),
    Store("in the bakery", ["rolls", "buns", "cakes", "pies", "cookies", "loaves"]),
    Store("on the farm", ["hens", "sheep", "cows", "goats", "ducks"]),
    Store("in the garden", ["roses", "tulips", "tomatoes", "pumpkins"]),
    Store("at the school", ["chairs", "desks", "pencils", "books"]),
    Store("on the stall", ["melons", "eggs", "onions", "lemons", "pears"]),
    Store("in the toy box", ["blocks", "toy cars", "balls", "dolls"]),
    Store("on the train", ["passengers", "children", "travellers"], isAlive: true),
    Store("on the bus", ["passengers", "children", "people"], isAlive: true),
    Store("on the pond", ["ducks", "swans", "geese"], isAlive: true),
    Store("in the park", ["children", "birds", "people"], isAlive: true),
    Store("in the museum", ["visitors", "people"], isAlive: true),
    Store("in the museum", ["paintings", "coins", "masks"]),
    Store("in the workshop", ["screws", "nails", "boards", "wheels"]),
    Store("in the pool", ["swimmers", "children"], isAlive: true),
    Store("in the hotel", ["guests", "travellers"], isAlive: true),
    Store("in the hotel", ["beds", "towels", "pillows"]),
    Store("in the hall", ["dancers", "singers", "people"], isAlive: true),
    Store("on the shelf", ["jars", "cups", "bottles", "books"]),
  ]
}
