// Things lost, found and broken.

extension StoryPlot {
  static let lossPlots = [
    StoryPlot(
      "a lost toy", .anyone,
      """
      - {Oneday}, {hero} could not find {his} {toy}. {He} had played with it in the {park} [the day
        before|only yesterday|all morning].
      - {Oneday}, {hero} wanted to play with {his} {toy}, but the {toy} was gone.
      - {Oneday}, {hero} looked for {his} {toy} and found nothing but dust where the {toy} should have been.

      - {Hero} looked {spot}, but there was only {a treasure}. Then {he} looked {spot2}, and there was no
        {toy} there either.
      - {He} searched {spot} and {spot2}. "Where can my {toy} be?" {hero} asked, and {his} eyes filled with
        tears.
      - First {hero} searched {spot}. Next {he} crawled about {spot2}. There was no sign of the {toy}.

      - Just then {friend}, {a trait3} {fkind}, came along. "Why do you look so {sad}, {hero}?" asked
        {friend}. "I have lost my {toy}," said {hero}.
      - {A fkind} named {friend} heard {hero} [sniff|sigh|crying]. "Do not cry, {hero}," said {friend}. "Two
        can look for {a toy} better than one."
      - {His} friend {friend} saw {him}. "I will help you find the {toy}," said {friend}. "Tell me where you
        had the {toy} last."

      - They walked back the way {hero} had come, step by step, and {friend} looked at everything very
        carefully.
      - "Think, {hero}," said {friend}. "Where did you eat your {food}?" {Hero} thought hard, and then {he}
        remembered.
      - {Friend} looked up and down while {hero} looked left and right, all the way to the {tree} in the
        {park}.

      - And there, {spot3}, lay the {toy}! The {toy} was a little [wet|dusty|muddy], but it was not broken.
      - At last {friend} saw something {colour} {spot3}. It was the {toy}!
      - {Spot3}, they found the {toy}. {A bird} was sitting on it as if it were a nest.

      - {Hero} hugged {friend}. "Thank you, {friend}! I would never have found my {toy} without you." From
        then on, {hero} put the {toy} back in its place every evening.
      - "You are a true friend, {friend}," said {hero}. They played with the {toy} together until the sun
        went down.
      - {Hero} was so {happy} that {he} gave {friend} half of {his} {food}. After that day, {hero} always
        remembered where {he} had left the {toy}.
      """),
    StoryPlot(
      "a broken vase", .anyone,
      """
      - {Oneday}, {hero} was playing {game} in the {room}, although {elder} had told {him} not to.
      - {Oneday}, {hero} ran through the {room} with {his} {toy}. "No running in here, please," {elder} had
        said, but {hero} forgot.
      - {Oneday}, it was too wet to go out, so {hero} threw {his} ball up and down in the {room}.

      - Crash, went the {vase}! The {colour} {vase} fell down and broke into [many|seven|a hundred] pieces.
      - {Hero} bumped into the table. {Elder}'s {colour} {vase} rocked, tipped over and broke.
      - {Hero} slipped, and the {vase} that {elder} loved so much fell and cracked.

      - {Hero}'s heart beat fast. {He} hid the pieces of the {vase} {spot}. "Nobody will know," {hero}
        thought, but {he} did not feel good.
      - "Oh no!" cried {hero}. {He} thought of saying that the wind had done it, or {a animal}. But {hero}
        knew that was not true.
      - {Hero} wanted to run away and hide {spot}. {Hero} felt as if {he} had swallowed a stone.

      - At supper, {hero} could not even eat {his} {food}. "What is the matter, {hero}?" asked {elder}.
      - {Elder} came in and asked, "Why are you so quiet, {hero}?"
      - When {elder} came home, {hero} looked at {his} feet and said nothing at first.

      - "I broke your {vase}," {hero} said in a small voice. "I am very sorry, {eldercall}, about the
        {vase}."
      - {Hero} took a deep breath. "It was me, {eldercall}. I was playing in the {room}, and the {vase}
        broke."
      - Then {hero} told {elder} everything, even the part about {game2}, and [a tear|two tears] rolled down
        {his} cheek.

      - {Elder} was silent for a moment. "I am sad about the {vase}," {ehe} said, "but I am glad that {hero}
        told me the truth."
      - "{A vase} can be mended," said {elder}. "It was brave of you to tell me, {hero}."
      - {Elder} knelt down and took {hero} in {ehis} arms. "Thank you for being honest with me, {hero}."

      - Together they glued the pieces of the {vase}, one by one. It had some cracks, but {elder} said {ehe}
        liked it even more now. {Hero} felt light again, like {a bird} in the air.
      - The next day, {hero} made {a gift} for {elder}, and it stood where the {vase} had been. {Hero}
        learned that the truth is easier to carry than a secret.
      - They swept the floor of the {room} together. From that day on, {hero} played {game2} outside, and
        when something went wrong, {he} told {elder} at once.
      """),
    StoryPlot(
      "a treasure", .anyone,
      """
      - {Oneday}, {hero} walked through the {park} and saw something shine {spot}. It was {a treasure}!
      - {Oneday}, {hero} stepped on something hard {spot}. {He} picked it up, and it was {a treasure}.
      - {Oneday}, while {hero} was out in the {park}, {he} found {a treasure} lying {spot}.

      - "How lucky I am!" said {hero}. "Now this {treasure} is mine." {Hero} put it into {his} pocket and
        walked on.
      - {Hero} had never seen such a beautiful {treasure}. {Hero} wanted to keep it for ever.
      - {He} polished the {treasure} until it gleamed, and {he} thought about where {he} would keep it.

      - A little later, {hero} met {neighbour}, who was looking at the ground. "I have lost my {treasure},"
        said {neighbour}. "It belonged to [my|{neighbour}'s]
        [grandmother|mother|sister|aunt|father|grandfather] [once|long ago|for years]."
      - Then {hero} saw the old {job} sitting on a bench with a sad face. "My {treasure} is gone," said the
        {job}. "I have had that {treasure} since I was [young|small|seven|a child]."
      - Near the {tree} stood {a fkind} named {friend}, crying. "I lost the {treasure} that my father gave
        me," {friend} said.

      - {Hero} put {his} hand around the {treasure}. It would be easy for {hero} to say nothing. But then
        {hero} thought of how {he} would feel.
      - For a moment, {hero} wanted to walk away with the {treasure}. But {his} heart told {hero} to stay.
      - {Hero} felt the {treasure} grow heavy. {Hero} knew what {he} had to do, even though it was hard.

      - "Is this yours?" asked {hero}, and {he} held out the {treasure}. "I found it {spot}."
      - {Hero} opened {his} hand. "Here is your {treasure}," {he} said. "It was {spot} all the time."
      - "Please do not be {sad} any more," said {hero}. "I have found your {treasure}."

      - What a smile {hero} got! As a thank you, there was {a food} for {hero}, still warm, and it tasted
        better than any {food2}. {Hero} had no {treasure} now, but {he} had a new friend.
      - "You are an honest {kind}, {hero}. Come and visit me whenever you like, and we will eat {a food}
        together." {Hero} skipped home, and {he} felt richer than a king with {a treasure2}.
      - {Hero} got a big hug and {a toy} to keep. {He} thought, "Giving back the {treasure} feels much
        better than keeping it."
      """),
    StoryPlot(
      "getting lost in the woods", .anyone,
      """
      - {Oneday}, {hero} followed {a colour} butterfly deep into the forest. "Stay on the path," {elder} had
        said, but {hero} did not think of it.
      - {Oneday}, {hero} went to pick berries. The best berries were always a little further away, and
        {hero} went on and on.
      - {Oneday}, {hero} ran after {his} {toy}, which rolled down a hill and in among the trees.

      - When {hero} looked around, every {tree} looked the same. {Hero} did not know the way home.
      - Suddenly {hero} stood still. There was no path any more, only {tree} after {tree}, and it was
        getting dark.
      - {He} turned left and then right, and came back to the same crooked {tree}. {Hero} was lost.

      - "Hello?" called {hero}. Only {a bird} answered. {Hero} sat down on a log and tried not to cry.
      - {Hero} was frightened. {He} heard {a sound} sound behind {him}, but it was only {a animal}.
      - The wind made {a sound} sound in the leaves. {Hero} shivered and wished {he} were home with {elder}.

      - Then {hero} remembered what {elder} had taught {him}: a stream always leads down to the valley.
        {Hero} listened, and there was the sound of water.
      - Then {hero} thought of something. {Hero} climbed onto a rock and looked for the smoke of the
        chimneys, and there it was, thin and {colour}.
      - "Are you lost?" asked {a fkind} named {friend}. "I know the way past the {tree2}. Follow me, {hero},
        and watch your step."

      - Step by step, {hero} went on, past {a tree2} and over a fallen log, until {he} saw the lights of
        home.
      - It was a long way, through mud and past {a flower} or two, but {hero} did not stop until {he} saw
        the gate.
      - {Hero} walked and walked, with {a bird} singing above {him}, and at last the forest opened.

      - {Elder} was standing at the door with a lantern. "{Hero}! I was so worried," {elder} cried. {Hero}
        promised to stay on the path next time, and {he} kept {his} word.
      - {Elder} ran to meet {him} and held {him} tight. There was {a food} on the table, and {hero} ate
        every crumb. "I will always tell you where I go," {he} said to {elder}.
      - "I am sorry, {eldercall}," said {hero}. "I will listen [next time|from now on|from today on|when you
        speak]." {Elder} kissed {him} and wrapped {him} in {a colour2} blanket.
      """),
    StoryPlot(
      "the wrong bag", .child,
      """
      - {Oneday}, {hero} took the bus to visit {elder}. {He} carried {a colour} bag with {a toy} in it.
      - {Oneday}, {hero} went by train with {elder}. {His} {colour} bag stood under the seat, and in it was
        {a toy}.
      - {Oneday}, {hero} packed {his} {colour} bag for a trip to the {water}. The {toy} had to come too, of
        course.

      - When {he} opened the bag later, there was no {toy} in it. There was only {a treasure} and {a food}.
      - But when {hero} looked into the bag, {he} found {a food}, {a gift} and no {toy} at all.
      - "This is not my bag!" cried {hero}. Instead of the {toy}, there was {a gift} inside.

      - On a label was written: "{Neighbour}, {job}." "Somebody must be looking for this," said {hero}. "And
        somebody has my {toy}."
      - {Hero} thought hard. There had been {a job} beside {him}, and the {job} had carried {a colour} bag,
        too.
      - At the bottom was a small card with the name {friend}. "We must find {friend}," said {hero}.

      - {He} asked the driver, and {he} asked {a job2} in the street. "Go to the shop by the {tree}," they
        said.
      - {Hero} went to the station and asked at the window. "Yes," said the man with the cap, "someone asked
        for {a toy} only an hour ago."
      - {Hero} wrote a note and pinned it to the big {tree} in the {park}: "Who has my {toy}?"

      - Soon somebody came running with the other {colour} bag. "I was so surprised to find {a toy} among my
        things!"
      - Before the clock struck [three|four|five], the owner of the bag stood before {hero}, holding the
        {toy} and laughing.
      - It did not take long until the two {colour} bags stood side by side in front of {hero}. They looked
        exactly the same, and even {hero} could not tell them apart.

      - They swapped bags and shared the {food}. {Hero} tied {a colour2} ribbon to {his} bag, so that it
        could never be mixed up again.
      - "Thank you for looking after my things, {hero}." "And thank you for being kind to my {toy}," {hero}
        answered. Since then, {hero} always looks twice before {he} takes a bag.
      - {Hero} was {happy} to hold {his} {toy} again. {Hero} wrote {his} name inside the bag that very
        evening.
      """),
  ]
}
