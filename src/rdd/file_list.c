/*-------------------------------------------------------------------------
 * file_list.c
 *	  The files that a path names, and which task reads which bytes of them.
 *
 * Each task lists the files for itself, on its node, and cuts the list as all
 * others do.  That is right as long as the lists are the same, so one task lists
 * them before, and every other compares its own with what that one found.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <glob.h>
#include <sys/stat.h>

#include "common/hashfn.h"
#include "common/int.h"
#include "miscadmin.h"
#include "storage/fd.h"

#include "rdd/file_list.h"

static void add_matches(FileList *list, const char *pattern);
static void add_path(FileList *list, const char *path);
static void add_directory(FileList *list, const char *path);
static void add_file(FileList *list, const char *path, const struct stat *status);
static bool is_hidden(const char *path);
static int	compare_files(const void *a, const void *b);

char *
file_path(const char *path)
{
	const char *colon = strstr(path, "://");

	if (strncmp(path, "file:", 5) == 0)
	{
		path += 5;
		while (path[0] == '/' && path[1] == '/')
			path++;
	}
	else if (colon && strspn(path, "abcdefghijklmnopqrstuvwxyz0123456789") == colon - path)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot read or write \"%s\"", path),
				 errhint("Files are on the servers, at the same path on each: mount other storage there.")));
	if (!is_absolute_path(path))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("path \"%s\" of an RDD is not absolute", path)));
	return pstrdup(path);
}

FileList *
file_list_make(const char *pattern)
{
	FileList   *list = palloc0(sizeof(FileList));
	struct stat status;

	list->pattern = pattern;
	if (stat(pattern, &status) == 0)
		add_path(list, pattern);
	else if (errno == ENOENT && strpbrk(pattern, "*?[{") != NULL)
		add_matches(list, pattern);
	else
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read \"%s\": %m", pattern)));
	if (list->nfiles > 1)
		qsort(list->files, list->nfiles, sizeof(DataFile), compare_files);
	for (int i = 0; i < list->nfiles; i++)
	{
		list->files[i].start = list->room;
		if (pg_add_s64_overflow(list->room, list->files[i].size + 1, &list->room))
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("files \"%s\" are too large", pattern)));
		list->bytes += list->files[i].size;
	}
	return list;
}

static void
add_matches(FileList *list, const char *pattern)
{
	glob_t		found;
	int			result = glob(pattern, GLOB_BRACE | GLOB_NOSORT | GLOB_ERR, NULL, &found);

	if (result == GLOB_NOMATCH)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FILE),
				 errmsg("no file matches \"%s\"", pattern)));
	if (result != 0)
		ereport(ERROR,
				(errcode(result == GLOB_NOSPACE ? ERRCODE_OUT_OF_MEMORY : ERRCODE_IO_ERROR),
				 errmsg("could not look for files that match \"%s\": %m", pattern)));
	PG_TRY();
	{
		for (size_t i = 0; i < found.gl_pathc; i++)
		{
			CHECK_FOR_INTERRUPTS();
			if (!is_hidden(found.gl_pathv[i]))
				add_path(list, found.gl_pathv[i]);
		}
	}
	PG_FINALLY();
	{
		globfree(&found);
	}
	PG_END_TRY();
}

/* A file, or the files of a directory. */
static void
add_path(FileList *list, const char *path)
{
	struct stat status;

	if (stat(path, &status) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read \"%s\": %m", path)));
	if (S_ISDIR(status.st_mode))
		add_directory(list, path);
	else
		add_file(list, path, &status);
}

static void
add_directory(FileList *list, const char *path)
{
	DIR		   *dir = AllocateDir(path);
	struct dirent *entry;
	int			length = strlen(path);

	while (length > 1 && path[length - 1] == '/')
		length--;
	while ((entry = ReadDir(dir, path)) != NULL)
	{
		char	   *name;
		struct stat status;

		CHECK_FOR_INTERRUPTS();
		if (is_hidden(entry->d_name))
			continue;
		name = psprintf("%.*s%s%s", length, path, length == 1 ? "" : "/", entry->d_name);
		if (stat(name, &status) != 0)
			ereport(ERROR,
					(errcode_for_file_access(),
					 errmsg("could not read \"%s\": %m", name)));
		if (S_ISDIR(status.st_mode))
			ereport(ERROR,
					(errcode(ERRCODE_WRONG_OBJECT_TYPE),
					 errmsg("\"%s\" is a directory within a directory", name),
					 errhint("Name the files by a pattern, such as \"%.*s/*/*\".", length, path)));
		add_file(list, name, &status);
	}
	FreeDir(dir);
}

static void
add_file(FileList *list, const char *path, const struct stat *status)
{
	if (!S_ISREG(status->st_mode))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a file", path)));
	if ((list->nfiles & (list->nfiles + 1)) == 0)
	{
		Size		bytes = sizeof(DataFile) * ((Size) list->nfiles * 2 + 1);

		list->files = list->files ? repalloc_huge(list->files, bytes) :
			MemoryContextAllocHuge(CurrentMemoryContext, bytes);
	}
	list->files[list->nfiles].path = pstrdup(path);
	list->files[list->nfiles].size = status->st_size;
	list->nfiles++;
}

/* What programs leave beside data: _SUCCESS, .crc files, files that are being written. */
static bool
is_hidden(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash && slash[1] ? slash + 1 : path;

	return name[0] == '.' || name[0] == '_';
}

static int
compare_files(const void *a, const void *b)
{
	return strcmp(((const DataFile *) a)->path, ((const DataFile *) b)->path);
}

void
file_list_digest(const FileList *list, int64 digest[3])
{
	uint64		hash = 0;

	for (int i = 0; i < list->nfiles; i++)
	{
		const DataFile *file = &list->files[i];

		hash = hash_combine64(hash, DatumGetUInt64(hash_any_extended((unsigned char *) file->path,
																	 strlen(file->path), file->size)));
	}
	digest[0] = list->nfiles;
	digest[1] = list->bytes;
	digest[2] = (int64) hash;
}

void
file_list_expect(const FileList *list, const int64 digest[3])
{
	int64		own[3];

	file_list_digest(list, own);
	if (memcmp(own, digest, sizeof(own)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("files \"%s\" are not the same for all tasks", list->pattern),
				 errdetail("Where they were listed first there are %lld files of %lld bytes, here %lld files of %lld bytes.",
						   (long long) digest[0], (long long) digest[1], (long long) own[0], (long long) own[1]),
				 errhint("Every node must see the same files, which must not change while a query reads them.")));
}

void
file_list_share(const FileList *list, int part, int parts, int64 *first, int64 *end)
{
	int64		share = list->room / parts;
	int64		rest = list->room % parts;

	*first = share * part + Min(part, rest);
	*end = *first + share + (part < rest ? 1 : 0);
}

FileCodec
file_codec(const char *path)
{
	static const char *const others[] = {".bz2", ".lz4", ".lzo", ".snappy", ".deflate", ".xz", ".br"};
	const char *slash = strrchr(path, '/');
	const char *dot = strrchr(slash ? slash : path, '.');

	if (dot == NULL)
		return CODEC_NONE;
	if (strcmp(dot, ".gz") == 0)
		return CODEC_GZIP;
	if (strcmp(dot, ".zst") == 0 || strcmp(dot, ".zstd") == 0)
		return CODEC_ZSTD;
	for (int i = 0; i < lengthof(others); i++)
	{
		if (strcmp(dot, others[i]) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("cannot read compressed file \"%s\"", path),
					 errhint("Files may be compressed with gzip (.gz) or zstd (.zst).")));
	}
	return CODEC_NONE;
}
