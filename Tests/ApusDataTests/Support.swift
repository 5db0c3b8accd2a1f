// What the tests of this room share.

@testable import ApusData
