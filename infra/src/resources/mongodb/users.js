// Creates or updates the two users, with the passwords that stand in mounted files.
const fs = require("fs");

const secrets = process.env.SECRETS_DIRECTORY || "/run/secrets/mongodb-users";

function upsert(database, user, entry, roles) {
  const pwd = fs.readFileSync(`${secrets}/${entry}`, "utf8");
  const target = db.getSiblingDB(database);
  if (target.getUser(user) === null) {
    target.createUser({ user, pwd, roles });
    print(`user ${user} of ${database}: created`);
  } else {
    target.updateUser(user, { pwd, roles });
    print(`user ${user} of ${database}: up to date`);
  }
}

upsert("admin", "root", "root-password", [{ role: "root", db: "admin" }]);
upsert("flask_db", "api", "application-password", [{ role: "readWrite", db: "flask_db" }]);
