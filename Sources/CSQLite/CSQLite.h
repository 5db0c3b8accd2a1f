// SQLite as Swift sees it. Only Bench/History/SQLiteDatabase.swift imports this, and only with the package trait History.

#pragma once

#include <sqlite3.h>

// SQLITE_TRANSIENT is a cast, which Swift does not see: the text is copied.
static inline int apus_sqlite_bind_text(sqlite3_stmt *statement, int place, const char *text, int bytes) {
  return sqlite3_bind_text(statement, place, text, bytes, SQLITE_TRANSIENT);
}
