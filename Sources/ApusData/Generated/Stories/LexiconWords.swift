// The shared words and phrases as scripts: a line names a kind, its members follow.

extension Lexicon {
  static let wordScript = """
    species: fox, rabbit, bear, mouse, squirrel, hedgehog, otter, badger, duckling, frog, mole, deer, lamb, kitten,
      puppy, beaver, raccoon, hamster, owl, piglet, turtle, goose, pony, panda, koala, donkey, weasel, robin
    small species: mouse, frog, hamster, robin, duckling, mole, hedgehog, squirrel, kitten, wren, shrew, lizard
    trait: kind, cheerful, shy, curious, clever, brave, quiet, gentle, playful, dreamy, lively, thoughtful, careful,
      merry, friendly, stubborn, patient, restless, polite, funny, bold, dainty, sleepy, busy, helpful, truthful,
      proud, daring, sensible, noisy, bright, jolly, tidy, messy, hungry, generous, eager, bashful
    child home: in a small house near the [river|woods|sea|mill], in a [tall|narrow|busy] street full of [shops|trees|cats],
      on a farm with [many hens|three cows|a grey donkey|a red barn], at the edge of a [quiet|green|windy] village,
      in a town by the [sea|lake|river], in a yellow house on a hill, above a [bakery|bookshop|flower shop],
      next to a [big park|little school|railway station], in a cottage with a [blue|crooked|green] door,
      in a flat with a view of the harbour, beside an old stone bridge, in a village between two [mountains|hills],
      at the end of a long lane, in a house with a [crooked|red|tall] chimney, near a lighthouse
    animal home: under the roots of an old oak, in a cosy burrow beneath [a hedge|a hill|the brambles],
      beside a [clear|quiet|winding] stream, in a hollow log, at the edge of a [green|sunny|wide] meadow,
      in a den full of dry leaves, behind the [barn|mill|old wall], near a pond with [lilies|tall reeds|green weeds],
      in the middle of a [deep|dark|pine] forest, in a nest of moss and straw, by a waterfall,
      under a blackberry bush, on a farm at the foot of a mountain, in a garden behind a tall fence
    child hobby: drawing [horses|ships|castles], reading [long|funny|old] books, climbing trees, building towers out of [blocks|boxes],
      singing loud songs, riding a [red|green|rusty] bicycle, collecting [stones|stamps|shells|feathers|buttons], flying kites, baking with {elder}, watching
      [birds|clouds|trains|ships|ants], playing football, dancing in the kitchen, telling jokes, painting with bright colours,
      making up stories, looking at the stars, playing the [drum|piano|flute], digging in the garden, jumping over puddles, feeding the ducks,
      asking questions, dressing up as a [pirate|queen|wizard|doctor], skipping rope, making paper [boats|planes|animals],
      hiding in odd places, solving puzzles, learning new words, looking after {his} [cat|rabbit|goldfish|parrot]
    animal hobby: rolling down hills, splashing in puddles, chasing [butterflies|leaves|shadows], collecting [acorns|feathers|shiny stones],
      sleeping in the sun, listening to the wind, digging holes, racing along the path, singing with the birds,
      telling tales by moonlight, eating [berries|mushrooms|honey|clover], playing hide and seek, watching the clouds, hopping from stone to stone,
      making beds of moss, smelling flowers, climbing over rocks, sliding on ice, swimming with the fish, exploring
    child family: {his} mother and father, {his} grandmother, {his} mother and two brothers, {his} father and a small dog, {his} big family,
      {his} parents and a baby sister, {his} uncle and aunt, {his} grandparents, {his} mother and a fat grey cat, {his} father and sister
    animal family: {his} mother, {his} mother and father, {his} five brothers, {his} three sisters, {his} grandmother, {his} large family,
      {his} father and two noisy cousins
    toy: kite, ball, teddy bear, wooden horse, doll, toy train, drum, whistle, puzzle, spinning top, toy boat, yo-yo,
      toy rabbit, rag doll, toy robot, paper crown, marble, skipping rope, toy truck, puppet, music box, toy dragon,
      trumpet, magnifying glass, toy plane, jigsaw, hoop, scooter, sledge, toy elephant
    treasure: ring, silver bell, golden key, pocket watch, pearl button, necklace, old map, coin, red scarf, brass lamp,
      feather, crystal, blue bead, medal, compass, locket, purse, lucky stone, carved flute, tiny mirror
    food: apple pie, honey cake, cheese sandwich, bowl of soup, pancake, loaf of bread, banana, plum tart, biscuit,
      cherry bun, pear, carrot, slice of melon, ginger biscuit, jam tart, peach, bag of nuts, bunch of grapes,
      piece of chocolate, cinnamon roll, muffin, pot of porridge, cup of berries, potato cake, waffle, egg sandwich
    cake: lemon cake, chocolate cake, carrot cake, strawberry tart, apple cake, blueberry pie, honey cake, nut cake,
      cherry pie, plum cake, pumpkin pie, cinnamon cake, raspberry tart, banana bread, sponge cake, ginger cake
    animal: bird, kitten, puppy, rabbit, squirrel, duckling, mouse, hedgehog, fawn, lamb, owl, frog, turtle, butterfly,
      sparrow, robin, kid goat, piglet, foal, chick, mole, swan, crow, ladybird, bat, calf
    bird: sparrow, robin, swallow, blackbird, pigeon, finch, thrush, wren, starling, magpie, lark, woodpecker
    big: cow, horse, donkey, bear, goat, elk, stag, ox, moose, elephant, camel, giraffe
    park: park, garden, meadow, forest, orchard, valley, field, playground, courtyard, village square, glade, wood, dell
    spot: under a bush, behind a tree, beside the path, under a bench, in the tall grass, next to a well, behind a rock,
      near the gate, under a bridge, inside a hollow log, between two stones, in a ditch, on a wall, by the pond,
      behind a shed, beneath a hedge, in a pile of leaves, among the flowers, at the foot of a tree, on a window sill
    room: kitchen, cellar, attic, hall, bedroom, shed, pantry, barn, workshop, cupboard, garage, porch
    tree: oak, apple tree, pine tree, willow, chestnut tree, pear tree, birch, cherry tree, maple, elm, fir, walnut tree
    flower: rose, daisy, tulip, sunflower, poppy, bluebell, lily, daffodil, violet, snowdrop, marigold, buttercup
    plant: sunflower, pumpkin, tomato plant, bean, strawberry plant, pea plant, cucumber, rose bush, melon, tulip, radish
    colour: red, blue, green, yellow, purple, orange, pink, white, silver, golden, brown, striped, spotted
    weather: sunny, windy, cloudy, warm, cold, bright, misty, frosty, breezy, grey, hot, fresh, clear, mild, chilly
    spring weather: sunny, windy, cloudy, mild, bright, breezy, fresh, clear, rainy
    summer weather: sunny, warm, hot, bright, breezy, clear, fine, dry
    autumn weather: windy, cloudy, misty, grey, chilly, golden, rainy, stormy
    winter weather: cold, frosty, grey, icy, clear, windy, bright, chilly
    day: Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday
    season: spring, summer, autumn, winter
    water: river, stream, lake, pond, canal, brook, creek
    instrument: violin, flute, drum, trumpet, guitar, piano, harp, banjo, recorder, horn, cello, accordion
    child skill: whistle, juggle, skate, swim, ride a bicycle, play chess, tie {his} shoes, do a handstand, sew a button on, row a boat,
      skip backwards, throw a ball straight, spell long words, ski, tell the time, stand on one leg, make a paper crane, dance
      the polka, knit, climb a rope
    animal skill: swim, whistle, jump over the stream, climb the [oak|pine tree|old wall], dig a straight tunnel, catch a ball, crack nuts,
      row a leaf boat, balance on a log, sing in tune, stand on {his} head, skate on the pond, weave a basket, juggle acorns
    child fear: the dark, thunder, deep water, spiders, high places, the big dog next door, loud noises, the old barn, strangers,
      the wind at night, the cellar, bees, shadows on the wall, the dentist, geese, masks, tunnels, the rooster
    animal fear: the dark, thunder, deep water, owls, high rocks, the farmer's dog, loud noises, the empty barn, the wind at night,
      bees, shadows in the moonlight, the geese, tunnels, the old scarecrow, the waterfall, snow
    job: baker, gardener, farmer, postman, teacher, librarian, fisherman, shoemaker, carpenter, painter, tailor, clockmaker,
      beekeeper, miller, potter, ferryman, shepherd, doctor, blacksmith, sailor
    neighbour: Mr. Brown, Mrs. Green, Mr. Potter, Mrs. Hill, Mr. Lamb, Mrs. Rose, Mr. Finch, Mrs. Bell, Mr. Stone, Mrs. Wood,
      Mr. Pepper, Mrs. Lake, Mr. Gold, Mrs. Winter, Mr. Moss, Mrs. Field, Mr. Cook, Mrs. Button
    vase: vase, teapot, bowl, cup, lamp, mirror, plate, jug, clock, flower pot, picture frame, window, mug, glass
    gift: scarf, painted stone, wooden spoon, bookmark, card with gold stars, basket of berries, paper flower, jar of jam, bird house,
      song, necklace of shells, pot of honey, little boat, cushion, picture of the house, crown of daisies, box with a lid, poem
    sound: tapping, scratching, squeaking, rustling, humming, rattling, thumping, whispering, creaking, snoring, dripping, bumping
    fort: fort, raft, tree house, bridge, snow castle, tower, tent, boat, cart, den, swing, hut
    material: sticks, old boards, ropes, boxes, branches, mud and straw, blankets, barrels, logs, planks, stones, reeds
    dream: flying over the sea, a ship with golden sails, dancing bears, a house made of cake, the moon, tall mountains, a talking
      fish, warm bread, a river of stars, a garden full of music, friendly dragons, snow, wild horses, the summer,
      a castle in the clouds, soft grass, a train to the stars, singing whales, tomorrow, lanterns on the water,
      a parade of elephants, kind giants, islands, paper birds, a white pony, the circus, a field of poppies, treasure
    game: hide and seek, tag, pirates, shops, leapfrog, statues, marbles, explorers, knights, catch, blind man's buff, schools,
      astronauts, detectives, hopscotch, circus
    """

  static let phraseScript = """
    oneday: One {weather} morning; One day; One {season} day; One {weather} afternoon; On {day}; One {weather} {season} morning;
      One {day} morning; One {day} afternoon; Early one morning; One {season} afternoon; On {a weather} {season} day
    happy: happy; glad; pleased; delighted; full of joy; cheerful
    sad: sad; unhappy; gloomy; miserable; downhearted
    smiled: smiled; laughed; grinned; beamed; smiled warmly; nodded
    """

  static let childOpeningScript = """
    - Once upon a time, there was {a trait} {kind} named {hero}. {He} lived {home} with {family}.
    - {Hero} was {a trait} {kind} who lived {home}.
    - There was once {a trait} {kind} called {hero}, who lived {home}.
    - A few years ago, {a trait} little {kind} whose name was {hero} lived {home}.
    - Long ago, {a trait} {kind} named {hero} lived {home}.
    - This is a story about {hero}, {a trait} {kind} who lived {home}.
    - Once there was a little {kind} named {hero}. Everyone said that {hero} was {trait} and {trait2}.

    - {Hero} loved {hobby}.
    - What {hero} liked best was {hobby}.
    - Every day after [school|breakfast|lunch|supper], {hero} spent some time {hobby}.
    - {He} liked {hobby} and {hobby2}.
    - Nothing made {hero} happier than {hobby}.
    - {Hero}'s favourite thing in the world was {hobby}.
    """

  static let animalOpeningScript = """
    - Once upon a time, {a trait} {kind} named {hero} lived {home}.
    - {Hero} was {a trait} little {kind} who lived {home}.
    - There was once {a trait} {kind} called {hero}. {He} lived {home} with {family}.
    - {Home}, there lived {a trait} young {kind} whose name was {hero}.
    - Far away, {home}, lived {hero}, {a trait} little {kind}.
    - Long ago, when the animals could talk, {a trait} {kind} named {hero} lived {home}.

    - {Hero} loved {hobby}.
    - What {hero} liked best was {hobby}.
    - Every morning, {hero} spent some time {hobby}.
    - {He} liked {hobby} and {hobby2}.
    - All the other animals knew that {hero} was fond of {hobby}.
    """

  static let closingScript = """
    - That night, {hero} dreamed of {dream}.
    - {Hero} fell asleep that night thinking of {dream}.
    - When {hero} was tucked into bed, {he} was still smiling, and {he} dreamed of {dream}.
    - "What a day!" said {hero}, and {he} yawned and closed {his} eyes.
    - {Hero} never forgot it, not even when {he} was old and {trait2}.
    - If you ever meet {hero}, ask {him} about it, and {he} will tell you the whole story.
    - After supper, {hero} hummed a little song about {dream}.
    """
}
