// The kinds of options there are: flags, switches with a `--no-` form, numbers, texts, lists, choices, files.

import ApusBasics

extension Option where Value == Bool {
  /// `--name`: true when present.
  static func flag(_ name: String, _ short: Character? = nil, help: String) -> Self {
    Self(
      row: OptionRow(name: name, short: short, help: help) { texts throws(ValueProblem) in
        texts.last == "true"
      }, absent: false)
  }

  /// `--name` and `--no-name`, the last one wins.
  static func toggle(_ name: String, _ short: Character? = nil, default value: Bool, help: String) -> Self {
    Self(
      row: OptionRow(
        name: name, short: short, isNegatable: true, help: help, defaultText: value ? "on" : "off"
      ) { texts throws(ValueProblem) in texts.last == "true" },
      absent: value)
  }
}

extension Option where Value == Int {
  /// A whole number in a range.
  static func integer(
    _ name: String, _ short: Character? = nil, also: [String] = [], placeholder: String = "N",
    in range: ClosedRange<Int> = Int.min...Int.max, default value: Int, defaultText: String? = nil,
    environment: String? = nil, help: String
  ) -> Self {
    Self(
      row: OptionRow(
        name: name, otherNames: also, short: short, placeholder: placeholder, help: help,
        defaultText: defaultText ?? String(value), environment: environment
      ) { texts throws(ValueProblem) in try wholeNumber(texts.last ?? "", in: range) },
      absent: value)
  }
}

extension Option where Value == Int? {
  /// A whole number in a range, with something else than a number when it is absent.
  static func integer(
    _ name: String, _ short: Character? = nil, also: [String] = [], placeholder: String = "N",
    in range: ClosedRange<Int> = Int.min...Int.max, defaultText: String? = nil,
    environment: String? = nil, help: String
  ) -> Self {
    Self(
      row: OptionRow(
        name: name, otherNames: also, short: short, placeholder: placeholder, help: help,
        defaultText: defaultText, environment: environment
      ) { texts throws(ValueProblem) -> Int? in try wholeNumber(texts.last ?? "", in: range) },
      absent: nil)
  }
}

extension Option where Value == Double {
  /// A finite number in a range.
  static func number(
    _ name: String, _ short: Character? = nil, also: [String] = [], placeholder: String = "X",
    in range: ClosedRange<Double> = -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude,
    default value: Double, defaultText: String? = nil, help: String
  ) -> Self {
    Self(
      row: OptionRow(
        name: name, otherNames: also, short: short, placeholder: placeholder, help: help,
        defaultText: defaultText ?? shortText(value)
      ) { texts throws(ValueProblem) in try finiteNumber(texts.last ?? "", in: range) },
      absent: value)
  }
}

extension Option where Value == Double? {
  /// A finite number in a range, with something else than a number when it is absent.
  static func number(
    _ name: String, _ short: Character? = nil, also: [String] = [], placeholder: String = "X",
    in range: ClosedRange<Double> = -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude,
    defaultText: String? = nil, help: String
  ) -> Self {
    Self(
      row: OptionRow(
        name: name, otherNames: also, short: short, placeholder: placeholder, help: help,
        defaultText: defaultText
      ) { texts throws(ValueProblem) -> Double? in try finiteNumber(texts.last ?? "", in: range) },
      absent: nil)
  }
}

extension Option where Value == String? {
  /// Any text.
  static func text(
    _ name: String, _ short: Character? = nil, also: [String] = [], placeholder: String = "TEXT",
    defaultText: String? = nil, help: String
  ) -> Self {
    Self(
      row: OptionRow(
        name: name, otherNames: also, short: short, placeholder: placeholder, help: help,
        defaultText: defaultText
      ) { texts throws(ValueProblem) -> String? in texts.last },
      absent: nil)
  }

  /// The name of a file; empty is refused.
  static func file(
    _ name: String, _ short: Character? = nil, also: [String] = [], placeholder: String = "FILE",
    help: String
  ) -> Self {
    Self(
      row: OptionRow(
        name: name, otherNames: also, short: short, placeholder: placeholder, help: help, isFile: true
      ) { texts throws(ValueProblem) -> String? in
        guard let text = texts.last, !text.isEmpty else { throw ValueProblem(text: "is not a file name") }
        return text
      }, absent: nil)
  }
}

extension Option where Value == [String] {
  /// Texts, one for each time the option is given.
  static func list(
    _ name: String, _ short: Character? = nil, also: [String] = [], placeholder: String = "TEXT",
    help: String
  ) -> Self {
    Self(
      row: OptionRow(
        name: name, otherNames: also, short: short, placeholder: placeholder, repeats: true, help: help
      ) { texts throws(ValueProblem) in texts },
      absent: [])
  }
}

extension Option where Value == [Int] {
  /// Whole numbers, separated by commas or spaces; several occurrences add up.
  static func integers(
    _ name: String, _ short: Character? = nil, placeholder: String = "N,N,…",
    in range: ClosedRange<Int> = Int.min...Int.max, default values: [Int] = [], help: String
  ) -> Self {
    Self(
      row: OptionRow(
        name: name, short: short, placeholder: placeholder, repeats: true, help: help,
        defaultText: values.isEmpty ? nil : values.map(String.init).joined(separator: ",")
      ) { texts throws(ValueProblem) in
        var numbers: [Int] = []
        for text in texts {
          for part in text.split(whereSeparator: { $0 == "," || $0 == " " || $0 == "\n" || $0 == "\t" }) {
            numbers.append(try wholeNumber(String(part), in: range))
          }
        }
        guard !numbers.isEmpty else { throw ValueProblem(text: "holds no numbers") }
        return numbers
      }, absent: values)
  }
}

extension Option where Value: RawRepresentable<String> & CaseIterable {
  /// One of a few words.
  static func choice(
    _ name: String, _ short: Character? = nil, placeholder: String, default value: Value, help: String
  ) -> Self {
    let words = Value.allCases.map(\.rawValue)
    return Self(
      row: OptionRow(
        name: name, short: short, placeholder: placeholder, help: help, defaultText: value.rawValue,
        choices: words
      ) { texts throws(ValueProblem) in
        guard let found = Value(rawValue: texts.last ?? "") else {
          throw ValueProblem(text: "is none of \(words.joined(separator: ", "))")
        }
        return found
      }, absent: value)
  }
}
