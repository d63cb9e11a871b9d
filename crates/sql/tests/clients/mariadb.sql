-- One of nearly everything that mariadb-dump writes down.
CREATE TABLE `ta;b``le` (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  word VARCHAR(200) NOT NULL DEFAULT 'it''s; \'so\'' COMMENT 'a; "comment" -- not one',
  `semi;colon` TEXT CHARACTER SET latin1,
  feeling ENUM('sad', 'o;k', 'ha''ppy') DEFAULT 'o;k',
  marks SET('a', 'b;', 'c#'),
  raw VARBINARY(64),
  price DECIMAL(10, 2) CHECK (price >= 0),
  doubled INT GENERATED ALWAYS AS (FLOOR(price * 2)) STORED,
  shown VARCHAR(210) AS (CONCAT(`semi;colon`, ';')) VIRTUAL,
  doc JSON DEFAULT '{"a": ";"}',
  place POINT,
  at DATETIME(6) DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
  KEY `by;word` (word(20) DESC, id)
) ENGINE=InnoDB COMMENT='It''s; /* a */ # table';
CREATE TABLE child (
  id INT PRIMARY KEY, parent BIGINT UNSIGNED,
  CONSTRAINT `up;` FOREIGN KEY (parent) REFERENCES `ta;b``le` (id) ON DELETE CASCADE
);
CREATE TABLE parted (at DATE NOT NULL, n INT, body TEXT, KEY (at)) PARTITION BY RANGE (YEAR(at)) (
  PARTITION p2025 VALUES LESS THAN (2026) COMMENT = ';',
  PARTITION p2026 VALUES LESS THAN (2027),
  PARTITION later VALUES LESS THAN MAXVALUE
);
CREATE TABLE versions (id INT PRIMARY KEY, body TEXT) WITH SYSTEM VERSIONING;
CREATE SEQUENCE tickets START WITH 7 INCREMENT BY 3;
CREATE VIEW `vi;ew` AS SELECT id, CONCAT(word, ';') AS `w;` FROM `ta;b``le` WHERE word <> ';' WITH CHECK OPTION;
CREATE VIEW over_view AS SELECT `w;`, (SELECT COUNT(*) FROM child) AS children FROM `vi;ew`;

DELIMITER ;;
CREATE TRIGGER before_child BEFORE INSERT ON child FOR EACH ROW
BEGIN
  IF NEW.parent IS NULL THEN SET NEW.parent = 1; END IF;
  # a comment; with 'quotes
  SET @seen = CONCAT(';', "it's");
END;;
CREATE TRIGGER after_child AFTER DELETE ON child FOR EACH ROW INSERT INTO versions VALUES (OLD.id + 100000, ';');;
DELIMITER $$
CREATE PROCEDURE fill(IN most INT)
  COMMENT 'fills; it'
BEGIN
  DECLARE n INT DEFAULT 0;
  DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;
  filling: WHILE n < most DO
    SET n = n + 1;
    CASE n % 4
      WHEN 0 THEN ITERATE filling;
      ELSE BEGIN END;
    END CASE;
    INSERT INTO `ta;b``le` (word, `semi;colon`, marks, raw, price, place)
      VALUES (CONCAT('w', n, '€ \\ \'"\n', ';'), CONCAT('é;', n), 'a,b;', UNHEX('00273b5c0a0d1a22'), n / 3, POINT(n, 1));
  END WHILE filling;
  REPEAT SET n = n - 1; UNTIL n <= 0 END REPEAT;
  FOR i IN 1..20 DO INSERT INTO parted VALUES ('2025-06-01' + INTERVAL i MONTH, i, REPEAT('; ''', i)); END FOR;
END$$
CREATE FUNCTION `fu;n`(a VARCHAR(100)) RETURNS VARCHAR(200) DETERMINISTIC
  RETURN IF(a = '$', CONCAT(a, ';'), CASE a WHEN ';' THEN 'x' ELSE a END)$$
CREATE EVENT `ev;ent` ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01' DISABLE COMMENT ';' DO
BEGIN
  DELETE FROM parted WHERE n < 0;
  LOOP_ME: LOOP LEAVE LOOP_ME; END LOOP;
END$$
SET sql_mode = 'ORACLE'$$
CREATE PACKAGE pack AS
  FUNCTION one RETURN INT;
END;
$$
CREATE PACKAGE BODY pack AS
  FUNCTION one RETURN INT AS BEGIN RETURN 1; END;
END;
$$
SET sql_mode = DEFAULT$$
DELIMITER ;
-- Without a delimiter of its own the client ends a statement at its first semicolon.
CREATE PROCEDURE short() INSERT INTO versions VALUES (7, 'x;');
CALL fill(400);
CALL short();
INSERT INTO child VALUES (1, 1), (2, NULL), (3, 2);
DELETE FROM child WHERE id = 2;
UPDATE versions SET body = 'an; other' WHERE id = 7;
SELECT NEXTVAL(tickets); /* two on a line; */ SELECT `fu;n`(';'), @seen; # and a comment;
SET NAMES latin1;
INSERT INTO versions VALUES (8, 'é');
SET NAMES utf8mb4;
/*!50003 SET @a = 1 */;
/*M!100100 INSERT INTO versions VALUES (9, 'ma;ria') */;
/*!99999999 this is no code */;
INSERT INTO versions /*! (id, body) */ VALUES (10, /*! "a;" */)
