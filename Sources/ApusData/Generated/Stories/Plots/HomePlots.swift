// At home: kitchens, bedtime, rain, gifts and untidy rooms.

extension StoryPlot {
  static let homePlots = [
    StoryPlot(
      "baking", .anyone,
      """
      - {Oneday}, {hero} wanted to bake {a cake} for {elder}, all by {himself}.
      - {Oneday}, {elder} was coming home from a long journey. "I will bake {a cake}," said {hero} to {his}
        friend {friend}.
      - It was {elder}'s birthday, and {hero} had made up {his} mind to bake {a cake}.

      - {He} took flour and eggs and a large {colour} bowl. Flour went on the floor, on the {toy}, and on
        the tip of {his} nose.
      - {Hero} read the recipe twice. {Hero} stirred and stirred until {his} arm was tired and there was
        dough on {his} ears.
      - {Hero} broke five eggs, and only two of them fell into the bowl. "That will do," {hero} said.

      - Then {hero} added three big spoons of sugar. But it was not sugar that {hero} had taken. It was
        [salt|pepper|mustard|soap|sand], a whole {colour} [box|bag|tin] of it!
      - At last the {cake} was in the oven, and {hero} went to look for {his} {toy}. {He} forgot the time,
        and soon there was smoke in the {room}.
      - "More is better," thought {hero}, and put in all the baking powder. The {cake} grew and grew, until
        it pushed the oven door open.

      - {Hero} tasted a crumb of the {cake} and made a terrible face. "My {cake} is ruined!" {hero} cried.
      - There sat {hero} in front of {his} {cake}, and a tear ran down through the flour on {his} cheek.
      - "Now {elder} will have no {cake}," sobbed {hero}. {Hero} wanted to throw everything away.

      - In came {elder}. {Ehe} looked at the {cake}, at the {room}, and at {hero}, and {ehe} began to laugh.
        "My first cake was as flat as a plate," said {elder}.
      - "Do you know what I did when I was small?" said {elder}. "I put pepper into {a cake2}." That made
        {hero} giggle.
      - {Elder} knocked at the door. "Something smells interesting," {elder} said, and {ehe} tied on {ehis}
        apron. "Shall we try again, {hero}?"

      - {Hero} and {elder} baked another one together. This time {hero} tasted the sugar first. The new
        {cake} was golden and soft, and {hero} got the first piece.
      - Side by side they made a new {cake}, and {hero} washed every bowl. "It is the best present," said
        {elder}, "because you made it with me."
      - The second {cake} was a little crooked, but it was sweet. Mistakes are all right, {hero} thought, as
        long as somebody helps you to eat the next {cake}.
      """),
    StoryPlot(
      "a rainy day", .anyone,
      """
      - On {day}, {hero} and {pal} wanted to play {game} in the {park}. But it rained and rained, {hero}
        saw.
      - {Oneday}, {hero} wanted to try {his} new {toy} in the {park}. But big drops were falling, and soon
        the path was {a water}.
      - For a week, {hero} had looked forward to a picnic with {pal}. And now there were {colour} clouds,
        and it poured.

      - {Hero} pressed {his} nose against the window. "It is not fair," {hero} grumbled. "What a boring
        {day}!"
      - "The whole day is spoiled," said {hero}, and {he} kicked {his} {toy} across the {room}.
      - {Friend} sighed, and {hero} sighed, and the clock in the {room} ticked very slowly.

      - "What if the {room} was a ship?" said {friend} suddenly. "What if the floor was the sea, {hero}?"
        {Hero} sat up.
      - Then {hero} saw the big basket of washing. "Look, {friend}! A boat with {a colour3} sail!" {hero}
        cried.
      - {Elder} brought an old blanket and three chairs. "I wonder what {hero} could make of these," {ehe}
        said.

      - At once {hero} and {friend} were sailors. {Hero} was the captain, {friend} kept watch for whales,
        and the {toy} was the cook.
      - {Hero} and {friend} built a cave out of [blankets|chairs|cushions|coats]. {Hero} was a dragon with
        {a treasure}, and {friend} was a knight who only wanted {a food}.
      - {Hero} and {friend} hung up a [sheet|towel|curtain] and made a theatre. {Hero} played the king,
        {friend} played the {big}, and {elder} had to clap.

      - They sailed past {dream} and came to an island, where they found {a treasure} and ate {a food}.
      - {Friend} laughed so hard that {fhe} got the hiccups, and {hero} had to finish the story about
        {dream} alone.
      - They were so busy with {dream} that nobody noticed how the hours went by, nor how the rain became
        softer.

      - "Look, {hero}, the sun is out!" said {elder}. "You can go to the {park} now." "Not now!" said {hero}
        and {friend}. "We have not finished {game2}!"
      - When {elder} called them for supper, {hero} looked out of the window. "Has it stopped raining on
        this {day}? I did not even notice," {hero} said. And {he} hoped that it would rain again on {day2}.
      - A rainbow stood over the {park}, {colour2} and bright. "Thank you, rain," said {hero}, "for the best
        {day} of all."
      """),
    StoryPlot(
      "a night without sleep", .anyone,
      """
      - One night, {hero} could not sleep. {Hero} lay on {his} left side, and {he} lay on {his} right side.
        {He} counted up to [forty|ninety|a hundred], and {he} was still awake.
      - It was late, and the moon hung over the {tree} like [a silver coin|a lantern|a white plate|a slice
        of melon]. But {hero} was wide awake.
      - Everyone was asleep on that {weather} {season} night, except {hero}. {Hero} stared into the dark.

      - "{Eldercall}!" {hero} called. "I have not [slept|closed my eyes|lain still] since {day} evening. My
        head is full of {dream}." {Elder} came in {ehis} slippers.
      - There was {a sound} sound in the {room}. {Hero} pulled the blanket over {his} head and called for
        {elder}.
      - {He} went to {elder} and pulled at {ehis} sleeve. "Sleep has forgotten me," {hero} said.

      - "Let us drink a cup of warm milk," said {elder}. {Hero} drank it to the last drop, but {he} was not
        sleepy.
      - {Elder} tucked {him} in and put the {toy} beside {him}. That was nice, but {hero} was not sleepy.
      - {Elder} told {him} a story about {a animal} and {a big}. {Hero} liked it so much that {he} was more
        awake than before.

      - "Then let us listen," said {elder}. "What can you hear, {hero}?" "I hear the wind in the {tree},"
        said {hero}. "I hear {a bird2} far away."
      - "Let us say good night to everything," said {elder}. So {hero} said good night to the {toy2}, to the
        {tree}, and to the {animal} in its nest.
      - {Elder} opened the window. "Look, {hero}, every star up there was once told to go to bed. One of
        them winks at {hero}, because it cannot sleep either."

      - "Good night, {tree}," said {hero}. "Good night, {water}. Good night, {dream}." {Hero}'s voice grew
        slower and slower.
      - {Elder} hummed a tune that {ehis} own mother used to hum. It was about {dream2}, and {hero}'s eyes
        became heavy.
      - "I will stay until you sleep," said {elder}. {Hero} held {ehis} hand. It was as warm as {a food},
        and it smelled of [soap|bread|wool|lavender|apples].

      - Before {elder} could answer, {hero} was asleep. {Elder} kissed {him}, and outside, the moon smiled
        down on the {park}.
      - And then there was no sound but {hero}'s quiet breath. Good night, {hero}. Sleep well, and dream of
        {dream3}.
      - In the morning, {hero} could not say when {he} had fallen asleep. "It was somewhere between {dream}
        and {dream2}," {he} said.
      """),
    StoryPlot(
      "a gift made by hand", .anyone,
      """
      - Soon it would be {elder}'s birthday, and {hero} wanted to give {ehim} something very special.
      - {Oneday}, {hero} saw {a treasure} in a shop window. "That would be the right present for {elder}!"
        {hero} thought.
      - {Elder} had been ill for a week, and {hero} wanted to make {ehim} happy.

      - {Hero} shook {his} money box. Out fell [two|three|four] small coins and {a colour2} button. That
        would not even buy {a food}.
      - But everything in the shop cost more than {hero} had. {Hero} went home with empty hands.
      - {He} asked the {job} what {a treasure} would cost. The {job} named a sum that was as high as the
        sky.

      - "I have nothing to give," {hero} told {pal}. "You have two hands," said {friend}. "What can they do
        with {material}?"
      - {He} was {sad} and sat down under the {tree}. There lay twigs, moss and {a colour} feather, and
        {hero} had an idea.
      - {Hero} thought about what {elder} liked: {hobby2}, the smell of {a flower}, and {a food}. Slowly, a
        plan grew in {hero}'s head.

      - {Hero} began to work in secret. Every evening {he} sat in the {room} and made {a gift}. {Hero}
        pricked {his} finger twice, but {he} did not stop.
      - For [three|four|five] days {hero} worked on {a gift}. When {elder} came near, {hero} hid it {spot}.
      - {Friend} helped {him} to find what {he} needed, and together they made {a gift}, with {a flower}
        painted on it.

      - When the day came, {hero}'s heart was beating fast. "It did not cost anything," {he} said, and {he}
        held out the {gift}.
      - In the morning {hero} put the {gift} beside {elder}'s cup. Would {elder} like it?
      - "This is for you," said {hero}, and {his} ears turned red. {Elder} unwrapped the {gift} very slowly.

      - {Elder} looked at it for a long time, and then {ehe} hugged {hero}. "You can buy {a treasure2}
        anywhere," {ehe} said, "but there is only one {gift} like this in the world."
      - "You made this for me?" asked {elder}. {Ehe} put the {gift} where everyone could see it, and told
        every visitor about {hero}.
      - {Elder} laughed for joy. {Hero} understood that the best gifts are made of time.
      """),
    StoryPlot(
      "a messy room", .child,
      """
      - {Hero} never tidied {his} room. There were socks on the lamp, {a food} under the bed, and {a toy} in
        every corner.
      - "Please tidy your room, {hero}," said {elder} on {day}. "Later," said {hero}. {He} said the same on
        {day2}.
      - In {hero}'s room, you could not see the floor. There lay {a toy}, {a toy2}, a pile of socks, and
        half of {a food}.

      - {Oneday}, {friend} rang the bell. "The circus is in town, {hero}! I have [two|three|four] tickets
        for {day3}. Put on your {colour2} shoes, quickly!"
      - {Oneday}, {elder} called, "We are going to the {water} to swim, {hero}! Bring your {colour} towel.
        The bus leaves in [five|six|ten|twelve|fifteen] minutes [from the bridge|from the school|from the
        mill|sharp]."
      - {Oneday}, {friend} asked {hero} to come to the {park} and to bring {his} {toy3}.

      - {Hero} looked under the bed and found {a animal} made of wool, but not what {he} needed.
      - {Hero} dug through the heap like a mole. {He} found {a treasure} from last {season} and {a plant}
        that had dried up.
      - {Hero} threw things to the left, and {he} threw things to the right. Where was it, under {a toy4} or
        behind [the bed|the door|the desk|the curtain]? {Hero} grew hot and angry.

      - By the time {hero} was ready, {friend} had gone, and the street was empty.
      - When {hero} came out at last, with one {colour2} sock and one {colour3} sock, it was too late.
      - "I am sorry, {hero}, we could not wait any longer," said {elder}. {Hero} sat down on the steps with
        tears in {his} eyes.

      - The next morning {hero} rolled up {his} sleeves. The {toy} went on the shelf, the socks went into
        the drawer, and the crumbs went to the {bird}.
      - "I will help you to begin," said {elder}. They made a box for each kind of thing, and {hero} painted
        {a animal2} on the first box.
      - {Hero} put on music and began with one corner. After an hour, {he} could see the {colour} carpet
        again. It was rather beautiful, {hero} thought.

      - On {day3}, {friend} rang again, and {hero} was at the door in no time. "That was quick!" said
        {friend}. "I know where everything is now," said {hero}.
      - In the end, there was even room to dance, and {hero} danced. Since then, {he} tidies up every {day},
        well, almost every {day}.
      - {Hero} found so many lost things that it felt like a birthday. "Good morning, {toy}," {he} said. "I
        have missed you more than {a food}."
      """),
    StoryPlot(
      "a noise at night", .anyone,
      """
      - One {weather} night, {hero} woke up. There was a strange {sound} sound from the {room}.
      - In the middle of the night, {hero} heard something. It was {a sound} sound, and it came from the
        {room}.
      - {Hero} was almost asleep when the {sound} noise began. It went on for a while, stopped, and began
        again in the {room}.

      - "Maybe it is a monster," thought {hero}, "with {colour} teeth and a long tail." {He} held {his}
        {toy} tight.
      - "Maybe it is a thief who wants {elder}'s {treasure}," {hero} whispered to {his} {toy}.
      - {Hero} thought of a ghost, and of a wolf, and of something that was both. {Hero}'s hair stood on
        end.

      - But it would be worse not to know, thought {hero}. So {hero} took a lantern and went to the door on
        tiptoe.
      - {Hero} woke {pal}, who was staying for the night. "I hear it, too," said {friend}. "Let us go
        together, {hero}."
      - "{Eldercall}?" whispered {hero}, but {elder} was fast asleep. So {hero} had to go alone. {Hero} put
        a pan on {his} head for safety.

      - The [floor|third step|old door|stair] creaked under {hero}. The {sound} grew louder. {Hero} counted
        to three and pushed open the door.
      - Step by step, {hero} crept up to the {room}. Something moved in the dark of the {room}. {Hero}
        lifted the light.
      - {Hero}'s hand was trembling as {he} turned the handle. "Who is there in the {room}?" {hero} called
        in the deepest voice {he} had.

      - And what did {hero} see? {A animal} was sitting on the table, trying to open a jar of jam! It looked
        as frightened as {hero} was.
      - There sat a tiny {animal}, its head stuck in a paper bag from the {cake}. The {animal} ran in
        circles and bumped into everything.
      - In a basket lay {a animal}, with [three|four|five] little ones no bigger than a thumb. They had made
        a nest out of {elder}'s {colour2} scarf.

      - {Hero} laughed until {he} had to sit down. {He} gave the {animal} {a food} and let it out through
        the window. "Monsters are small when you turn on the light," {hero} said.
      - "So you are my monster!" said {hero}. In the morning, {he} showed {elder} the {animal}, and {elder}
        gave it {a food}. From then on, {hero} liked the night a little more.
      - {Hero} closed the door softly and went back to bed. The {sound} went on, but now that {he} knew the
        {animal}, it sounded like a lullaby.
      """),
  ]
}
