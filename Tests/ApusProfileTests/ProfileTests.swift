// The values of a profile.

import Testing

@testable import ApusProfile

@Suite struct ProfileTests {
  @Test(
    "the layer of an operation is read from its scope",
    arguments: [("layer 3/attention", 3), ("layer 12", 12), ("head", nil), ("", nil)] as [(String, Int?)])
  func layer(_ scope: String, _ layer: Int?) {
    let operation = OperationProfile(
      name: "norm", scope: scope, arithmetic: .f32, calls: 1, flops: 0, bytes: 0, busy: [], wait: [],
      isSerial: false, single: nil)
    #expect(operation.layer == layer)
  }
}
