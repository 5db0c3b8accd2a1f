// The filters by name. To add one: write it in the file of its kind.

typealias TemplateFilter =
  @Sendable (inout Interpreter, TemplateValue, Arguments) throws(TemplateError) -> TemplateValue

/// Every filter.
let templateFilters: [String: TemplateFilter] =
  textFilters
  .merging(sequenceFilters) { first, _ in first }
  .merging(selectionFilters) { first, _ in first }
  .merging(valueFilters) { first, _ in first }
