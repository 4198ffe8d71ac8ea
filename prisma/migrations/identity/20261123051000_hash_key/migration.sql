-- CreateTable
CREATE TABLE "HashKey" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "key" BLOB NOT NULL,
    "createdAt" DATETIME NOT NULL
);
