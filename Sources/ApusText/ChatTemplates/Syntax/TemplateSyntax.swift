// The parsed template.

/// An expression.
indirect enum TemplateExpression: Sendable {
  case literal(Literal)
  case name(String)
  case list([TemplateExpression])
  case tuple([TemplateExpression])
  case dict([(TemplateExpression, TemplateExpression)])
  case attribute(TemplateExpression, String)
  case item(TemplateExpression, TemplateExpression)
  case slice(TemplateExpression, TemplateExpression?, TemplateExpression?, TemplateExpression?)
  case call(TemplateExpression, TemplateArguments)
  /// A filter; the value is nil in a filter block, where it is the block's text.
  case filter(TemplateExpression?, String, TemplateArguments)
  case test(TemplateExpression, String, TemplateArguments, negated: Bool)
  case not(TemplateExpression)
  case negate(TemplateExpression)
  case plus(TemplateExpression)
  case and(TemplateExpression, TemplateExpression)
  case or(TemplateExpression, TemplateExpression)
  case binary(String, TemplateExpression, TemplateExpression)
  case concatenate([TemplateExpression])
  case compare(TemplateExpression, [(String, TemplateExpression)])
  case conditional(TemplateExpression, if: TemplateExpression, else: TemplateExpression?)

  enum Literal: Sendable {
    case none
    case bool(Bool)
    case int(Int)
    case double(Double)
    case string(String)
  }
}

/// The arguments of a call.
struct TemplateArguments: Sendable {
  var positional: [TemplateExpression] = []
  var named: [(name: String, value: TemplateExpression)] = []
  /// `*expression` and `**expression`.
  var spread: TemplateExpression?
  var namedSpread: TemplateExpression?
}

/// What a value is assigned to.
indirect enum TemplateTarget: Sendable {
  case name(String)
  case member(String, String)
  case tuple([TemplateTarget])
}

/// A statement with its line.
struct TemplateStatement: Sendable {
  indirect enum Kind: Sendable {
    case text(String)
    case output(TemplateExpression)
    case condition([(TemplateExpression, [TemplateStatement])], else: [TemplateStatement])
    case loop(TemplateLoop)
    case assign(TemplateTarget, TemplateExpression)
    case assignBlock(TemplateTarget, filter: TemplateExpression?, [TemplateStatement])
    case macro(TemplateMacro)
    case callBlock(TemplateExpression, TemplateMacro)
    case filterBlock(TemplateExpression, [TemplateStatement])
    case with([(TemplateTarget, TemplateExpression)], [TemplateStatement])
    /// What the assistant says.
    case generation([TemplateStatement])
    case breakLoop
    case continueLoop
  }
  var kind: Kind
  var line: Int
}

struct TemplateLoop: Sendable {
  var target: TemplateTarget
  var items: TemplateExpression
  var condition: TemplateExpression?
  var isRecursive: Bool
  var body: [TemplateStatement]
  var otherwise: [TemplateStatement]
}

struct TemplateMacro: Sendable {
  var name: String
  var parameters: [(name: String, fallback: TemplateExpression?)]
  var body: [TemplateStatement]
}
