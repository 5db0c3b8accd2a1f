// The people of generated problems and stories: names that are either a girl's or a boy's, and their pronouns. No name
// ends in s, so that every possessive is formed alike.

/// Somebody with a name.
struct Person: Equatable {
  let name: String
  let isFemale: Bool

  var he: String { isFemale ? "she" : "he" }
  var him: String { isFemale ? "her" : "him" }
  var his: String { isFemale ? "her" : "his" }
  var himself: String { isFemale ? "herself" : "himself" }

  static let girls = [
    "Ada", "Alice", "Amina", "Amy", "Anna", "Aya", "Bella", "Carla", "Chloe", "Clara", "Dana", "Eva", "Elena",
    "Ella",
    "Emily", "Emma", "Fatima", "Flora", "Freya", "Grace", "Hana", "Hannah", "Holly", "Ida", "Ivy", "Jane",
    "Jenny",
    "Julia", "Kate", "Kira", "Laila", "Laura", "Lena", "Lily", "Lina", "Lisa", "Lola", "Lucy", "Luna",
    "Maria",
    "Maya", "Mia", "Mina", "Molly", "Nadia", "Nina", "Nora", "Olivia", "Pia", "Priya", "Rosa", "Rosie",
    "Ruby", "Ruth",
    "Sara", "Sofia", "Sue", "Tara", "Tina", "Vera", "Yara", "Zoe",
  ].map { Person(name: $0, isFemale: true) }

  static let boys = [
    "Adam", "Ahmed", "Alan", "Amir", "Anton", "Ben", "Bruno", "Carl", "Dan", "David", "Eli", "Emil", "Eric",
    "Ethan",
    "Felix", "Finn", "Frank", "Fred", "George", "Hugo", "Ian", "Ivan", "Jack", "Jacob", "Jan", "Joe", "John",
    "Jonah",
    "Juan", "Karim", "Ken", "Leo", "Liam", "Luca", "Luke", "Marco", "Mark", "Martin", "Matteo", "Max", "Milo",
    "Nico",
    "Noah", "Oliver", "Omar", "Oscar", "Otto", "Paul", "Peter", "Ravi", "Rob", "Sam", "Sami", "Simon", "Theo",
    "Tim",
    "Toby", "Tom", "Victor", "Will", "Yusuf", "Zack",
  ].map { Person(name: $0, isFemale: false) }

  /// Several people with different names.
  static func some(_ count: Int, _ draws: inout Draws) -> [Person] {
    draws.pick(count, of: girls + boys)
  }
}

extension String {
  /// The text with a capital at its beginning.
  var capitalizedFirst: String {
    guard let first else { return self }
    return first.uppercased() + dropFirst()
  }
}
