// SPDX-License-Identifier: MIT
#include "journal/postgres/video_queries.h"

#include "journal/video_row.h"

namespace sluice::journal::postgres {
namespace {

std::string select_videos(const std::string& rest) {
  return std::string("SELECT number, ") + video_columns + " FROM videos WHERE " + rest;
}

// A statement for each kind of list: with `query.owner IS NULL OR` in it the server would not use
// the index that the list has.
struct List {
  Statement rows;
  Statement total;
};

List list_of(const std::string& name, const std::string& condition, const std::string& counted) {
  const std::string page = " ORDER BY created_at DESC, number DESC LIMIT $1 OFFSET $2";
  return {{"list_videos" + name, select_videos(condition + page)},
          {"count_videos" + name,
           "SELECT coalesce(sum(count), 0)::bigint FROM video_counts WHERE " + counted}};
}

const List& list_for(const VideoQuery& query) {
  static const std::string videos = "status <> 'deleted' AND status <> 'stored'";
  static const std::string not_removed = "status <> 'deleted'";
  static const List all = list_of("", videos, videos);
  static const List by_status =
      list_of("_by_status", "status = $3 AND " + not_removed, "status = $1 AND " + not_removed);
  static const List of_owner =
      list_of("_of_owner", "owner = $3 AND " + videos, "owner = $1 AND " + videos);
  static const List of_owner_by_status =
      list_of("_of_owner_by_status", "owner = $3 AND status = $4 AND " + not_removed,
              "owner = $1 AND status = $2 AND " + not_removed);
  if (query.owner) {
    return query.status ? of_owner_by_status : of_owner;
  }
  return query.status ? by_status : all;
}

void bind_condition(Query& bound, const VideoQuery& query) {
  if (query.owner) {
    bound.bind_text(*query.owner);
  }
  if (query.status) {
    bound.bind_text(*query.status);
  }
}

}  // namespace

Query put_video(const model::VideoRecord& record) {
  static const Statement statement{
      "put_video", std::string("INSERT INTO videos (") + video_columns + ", weight) VALUES (" +
                       places(10) +
                       ") ON CONFLICT (id) DO UPDATE SET upload_id = excluded.upload_id,"
                       " created_at = excluded.created_at, status = excluded.status,"
                       " source_present = excluded.source_present, document = excluded.document,"
                       " metadata = excluded.metadata, owner = excluded.owner,"
                       " files_size = excluded.files_size, weight = excluded.weight"};
  Query query(statement);
  bind_video(query, record);
  return query;
}

Query remove_video(const std::string& id) {
  static const Statement statement{"remove_video", "DELETE FROM videos WHERE id = $1"};
  Query query(statement);
  query.bind_text(id);
  return query;
}

Query find_video(const std::string& id) {
  static const Statement statement{"find_video", select_videos("id = $1")};
  Query query(statement);
  query.bind_text(id);
  return query;
}

Query videos_after(const std::string& after, std::size_t count) {
  static const Statement statement{"videos_after", select_videos("id > $1 ORDER BY id LIMIT $2")};
  Query query(statement);
  query.bind_text(after);
  query.bind_count(count);
  return query;
}

Query leftover_videos(const std::string& after, std::size_t count) {
  static const Statement statement{
      "leftover_videos",
      select_videos("status = 'deleted' AND source_present = 1 AND id > $1 ORDER BY id LIMIT $2")};
  Query query(statement);
  query.bind_text(after);
  query.bind_count(count);
  return query;
}

Query list_videos(const VideoQuery& query, std::size_t count) {
  Query rows(list_for(query).rows);
  rows.bind_count(count);
  rows.bind_count(query.offset);
  bind_condition(rows, query);
  return rows;
}

Query count_videos(const VideoQuery& query) {
  Query total(list_for(query).total);
  bind_condition(total, query);
  return total;
}

}  // namespace sluice::journal::postgres
